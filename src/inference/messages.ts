import type { DEVICES } from '../config/schema.js';
import type { PreparedModel } from '../models/model.js';
import type { ModelMatte } from './engine-api.js';

/** What supervisor and worker say to each other. Pixels are moved, never copied. */

export type Device = (typeof DEVICES)[number];

/** How a worker is started (its workerData). */
export interface WorkerStart {
  readonly model: PreparedModel;
  readonly device: Device;
  /** Number of the GPU, where the device lets one be chosen; its first one unless given. */
  readonly gpu?: number | undefined;
  /** Processor threads of the runtime. */
  readonly threads: number;
  /** Most pictures in one run. */
  readonly maxBatch: number;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly pictures: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly kind: 'close' };

/** What became of one picture of a batch. */
export type PictureOutcome =
  | { readonly ok: true; readonly matte: ModelMatte }
  | { readonly ok: false; readonly reason: 'not-a-number' | 'failed'; readonly message: string };

export type FromWorker =
  | {
      readonly kind: 'ready';
      /** Most pictures that one run has memory for. */
      readonly batchLimit: number;
      /** Layers that run on the CPU beside the device, such as "34 Resize"; empty for none. */
      readonly onCpu: string;
    }
  | { readonly kind: 'start-failed'; readonly message: string }
  | {
      readonly kind: 'done';
      readonly outcomes: readonly PictureOutcome[];
      readonly inferenceMs: number;
      /** As in `ready`: it falls where memory was short. */
      readonly batchLimit: number;
    };
