import type { Framing } from '../models/model.js';
import type { Priority } from './batching/priority-line.js';

/** The matte as the model gave it: `side` x `side` bytes, row by row, 0 = background, 255 = subject. */
export interface ModelMatte {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Pixels; some networks answer in another size than they are asked in. */
  readonly side: number;
  /** Mean of the matte, 0..1: how much of the picture the subject fills. */
  readonly coverage: number;
  /** The smallest and largest value the network gave before normalisation, 0..1. */
  readonly rawRange: { readonly min: number; readonly max: number };
  /** Whether 0 and 255 stand for the ends of that range, and not for 0 and 1; no unless given. */
  readonly isStretched?: boolean;
}

export interface InferOptions {
  /** `interactive` pictures go before `bulk` ones, which age so that they never starve; `bulk` unless given. */
  readonly priority?: Priority;
  /**
   * When the matte should be there, in milliseconds of `performance.now()`: the picture is not held back for a fuller
   * batch so long that it would miss it. One that is late all the same is still done.
   */
  readonly deadline?: number;
}

/** What the pipeline needs of inference. */
export interface MatteEngine {
  /** Pixels: the side of the square that `infer` takes. */
  readonly side: number;
  /** How pictures become such squares; stretched unless given. */
  readonly framing?: Framing | undefined;
  /**
   * Runs the model over one picture: `rgb` is side x side x 3 bytes, RGB interleaved, and is moved to the worker
   * (its buffer is detached afterwards). Pictures asked for at the same time may share a batch. Where too many wait
   * already it waits for room: how many pictures there are at once is for the caller to bound.
   * Throws WORKER_CRASHED, INFERENCE_FAILED, or SHUTTING_DOWN once the engine is closing.
   */
  infer(rgb: Uint8Array<ArrayBuffer>, options?: InferOptions): Promise<ModelMatte>;
  /** Lets the pictures at hand finish, then ends the workers. */
  close(): Promise<void>;
}
