import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MainModule } from 'libheif-js/libheif-wasm/libheif.js';
import { ClearcutError } from '../../errors.js';

/** The calls of heif.h whose errors matter: they return a `heif_error`, which WebAssembly writes to a place given first. */
type Fallible = Extract<keyof MainModule, `_heif_${string}`>;

const WASM_PAGE = 64 * 1024;

// heif_error_code of heif_error.h.
const UNSUPPORTED_FILETYPE = 3;
const UNSUPPORTED_FEATURE = 4;
const MEMORY_ALLOCATION_ERROR = 6;
/** No decoder for that compression. */
const PLUGIN_LOADING_ERROR = 11;

const require = createRequire(import.meta.url);
const createModule: (options: object) => MainModule = require('libheif-js/libheif-wasm/libheif.js');

/**
 * libheif and its HEVC decoder as WebAssembly, called through its C interface (heif.h): the one for JavaScript gives
 * 8 bits only, and no profiles.
 */
export class LibHeif {
  readonly calls: MainModule;
  readonly #memory: WebAssembly.Memory;
  /** Where calls put their errors (code, subcode, text) and their results. */
  readonly #error: number;
  readonly #result: number;

  /** An instance of its own, whose memory never grows above `maxMemory` bytes: then allocations fail in there. */
  constructor(maxMemory: number) {
    let memory: WebAssembly.Memory | undefined;
    this.calls = createModule({
      instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
        const file = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
        const instance = new WebAssembly.Instance(new WebAssembly.Module(file), imports);
        memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
        if (memory !== undefined) capGrowth(memory, maxMemory);
        done(instance);
        return instance.exports;
      },
      // What it would print is in the errors that are thrown.
      printErr() {},
    });
    if (memory === undefined) throw new Error('libheif exports no memory');
    this.#memory = memory;
    this.#error = this.allocate(16);
    this.#result = this.allocate(16);
  }

  /** All its memory. An array from before the memory grew is empty. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer);
  }

  /** Room for that many bytes. */
  allocate(size: number): number {
    const at = this.calls._malloc(size) as number;
    if (at === 0) throw tooMuchMemory();
    return at;
  }

  read32(at: number): number {
    return new DataView(this.#memory.buffer).getUint32(at, true);
  }

  /** Throws FORMAT_UNSUPPORTED or IMAGE_CORRUPT. */
  call(name: Fallible, ...parameters: readonly number[]): void {
    (this.calls[name] as (...all: number[]) => void)(this.#error, ...parameters);
    const code = this.read32(this.#error);
    if (code === 0) return;
    const text = this.#textAt(this.read32(this.#error + 8));
    if (code === MEMORY_ALLOCATION_ERROR) throw tooMuchMemory();
    if ([UNSUPPORTED_FILETYPE, UNSUPPORTED_FEATURE, PLUGIN_LOADING_ERROR].includes(code)) {
      throw new ClearcutError('FORMAT_UNSUPPORTED', `This HEIF file needs what cannot be decoded: ${text}.`);
    }
    throw new ClearcutError('IMAGE_CORRUPT', `The picture cannot be decoded: ${text}.`);
  }

  /** The value that a call writes to the place behind its `leading` parameters; `trailing` ones follow it. */
  resultOf(name: Fallible, leading: readonly number[], trailing: readonly number[] = []): number {
    this.call(name, ...leading, this.#result, ...trailing);
    return this.read32(this.#result);
  }

  /** Pixels of an image whose channels are interleaved; `stride` bytes from row to row. */
  interleavedPlane(image: number, channel: number): { at: number; stride: number } {
    const at = this.calls._heif_image_get_plane_readonly2(image, channel, this.#result);
    return { at, stride: this.read32(this.#result) };
  }

  #textAt(at: number): string {
    const { bytes } = this;
    const text = Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('utf8');
    return text.trim().replace(/[\s.]+$/, '');
  }
}

function capGrowth(memory: WebAssembly.Memory, maxMemory: number): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * WASM_PAGE > maxMemory) throw new RangeError('no more memory');
    return grow(pages);
  };
}

export function tooMuchMemory(): ClearcutError {
  return new ClearcutError(
    'IMAGE_CORRUPT',
    'The picture cannot be decoded: that takes far more memory than a picture of its size should.',
  );
}
