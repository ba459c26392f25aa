import type { ErrorCode } from '../../errors.js';

export interface HeifJob {
  readonly file: Uint8Array;
  /** Bytes, for the memory of the decoder. */
  readonly maxMemory: number;
}

export type FromHeifThread =
  | { readonly kind: 'done'; readonly tiff: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly code: ErrorCode | undefined; readonly message: string };
