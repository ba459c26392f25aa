import { availableParallelism, cpus, totalmem } from 'node:os';
import sharp from 'sharp';
import ort from '../../inference/onnx-runtime.js';

/** What the numbers of a benchmark were measured on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly platform: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly sharp: string;
  readonly libvips: string;
  /** Threads that decode and encode; undefined where Node chooses. */
  readonly imageThreads: string | undefined;
  readonly mallocArenas: string | undefined;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
    sharp: sharp.versions.sharp ?? 'unknown',
    libvips: sharp.versions.vips,
    imageThreads: process.env['UV_THREADPOOL_SIZE'],
    mallocArenas: process.env['MALLOC_ARENA_MAX'],
  };
}
