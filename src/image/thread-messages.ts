import type { ErrorCode } from '../errors.js';
import type { CutoutResult, ModelMatte } from './cutout.js';
import type { PictureOptions } from './options.js';

/** What the main thread and the threads that work on pictures say to each other. `id` names a picture. */

export type ToPictureThread =
  | {
      readonly kind: 'cut-out';
      readonly id: number;
      readonly bytes: Uint8Array;
      /** Of the picture that the model takes. */
      readonly side: number;
      readonly options: PictureOptions;
    }
  | { readonly kind: 'matte'; readonly id: number; readonly matte: ModelMatte }
  /** There will be no matte: the picture is let go. */
  | { readonly kind: 'no-matte'; readonly id: number };

export type FromPictureThread =
  | { readonly kind: 'infer'; readonly id: number; readonly rgb: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'done'; readonly id: number; readonly result: CutoutResult }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: ErrorCode | undefined;
      readonly message: string;
      readonly remedy: string | undefined;
    };
