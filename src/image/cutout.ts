import { composeCutout } from './compose.js';
import { decode } from './decode.js';
import { type EncodedPicture, encode, type OutputOptions } from './encode.js';
import { resizeMatte } from './matte.js';
import { cropPadding, type Framing, toModelInput } from './model-input.js';

/** What makes mattes: the inference engine, as this folder sees it. */
export interface MatteSource {
  /** Pixels: the side of the square picture that `infer` takes. */
  readonly side: number;
  /** How pictures become such squares; stretched unless given. */
  readonly framing?: Framing | undefined;
  infer(rgb: Uint8Array<ArrayBuffer>): Promise<ModelMatte>;
}

export interface ModelMatte {
  /** side x side, one channel: 0 = background, 255 = subject. */
  readonly data: Uint8Array;
  readonly side: number;
  /** Mean, 0..1. */
  readonly coverage: number;
}

export interface CutoutPicture extends EncodedPicture {
  /** Mean alpha of the matte, 0..1. */
  readonly coverage: number;
  /** Milliseconds by stage. */
  readonly timings: Readonly<Record<'decode' | 'infer' | 'compose' | 'encode', number>>;
}

/**
 * From the bytes of an image to the bytes of its cut-out. Call inspect() first: it holds the image against the
 * limits, and tells how much memory this takes. It keeps its thread busy for a quarter of a second
 * at 12 megapixels: the service calls it in threads of its own (picture-threads.ts).
 */
export async function cutOut(
  bytes: Uint8Array,
  mattes: MatteSource,
  options: OutputOptions,
): Promise<CutoutPicture> {
  const startedAt = performance.now();
  const picture = await decode(bytes);
  const input = await toModelInput(picture, mattes.side, mattes.framing);
  const decodedAt = performance.now();
  const { data, side, coverage } = await mattes.infer(input);
  const inferredAt = performance.now();
  // The matte at full size and the picture's own colours: whoever refines either does it between these two lines.
  const shown = cropPadding({ data, side }, picture, mattes.framing);
  const matte = resizeMatte(shown, picture.width, picture.height);
  const cutout = composeCutout(picture, matte);
  const composedAt = performance.now();
  const encoded = await encode(cutout, options);
  return {
    ...encoded,
    coverage,
    timings: {
      decode: decodedAt - startedAt,
      infer: inferredAt - decodedAt,
      compose: composedAt - inferredAt,
      encode: performance.now() - composedAt,
    },
  };
}
