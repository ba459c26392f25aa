import type { DEVICES } from '../config/schema.js';
import type { PreparedModel } from '../models/model.js';
import type { ModelMatte } from './engine-api.js';

/** What supervisor and worker say to each other. Pixels are moved, never copied. */

export type Device = (typeof DEVICES)[number];

/** How a worker is started (its workerData). */
export interface WorkerStart {
  readonly model: PreparedModel;
  readonly device: Device;
  /** Processor threads of the runtime. */
  readonly threads: number;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly pictures: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly kind: 'close' };

/** What became of one picture of a batch. */
export type PictureOutcome =
  | { readonly ok: true; readonly matte: ModelMatte }
  | { readonly ok: false; readonly message: string };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'start-failed'; readonly message: string }
  | { readonly kind: 'done'; readonly outcomes: readonly PictureOutcome[]; readonly inferenceMs: number };
