/** What is used of the WebAssembly JavaScript interface: its types come with those of browsers only. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }

  class Memory {
    readonly buffer: ArrayBuffer;
    /** By pages of 64 KiB; returns how many there were. */
    grow(pages: number): number;
  }

  class RuntimeError extends Error {}
}
