import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { ClearcutError } from '../../errors.js';
import type { Device } from '../../inference/messages.js';
import type { PreparedModel } from '../../models/model.js';
import type { BenchPicture } from './pictures.js';

export interface SessionLoopStart {
  readonly model: PreparedModel;
  readonly device: Device;
  readonly threads: number;
  /** Pictures in one run of the model. */
  readonly batch: number;
  /** Image files, used in turn. */
  readonly files: readonly string[];
  readonly runs: number;
}

export interface SessionLoopDone {
  readonly pictures: number;
  /** Milliseconds. */
  readonly wall: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** The loop is a compiled file, also where the code around it runs from source. */
const LOOP_FILE = createRequire(import.meta.url).resolve('#session-loop');
/** Prepared inputs stay in memory, 12 MiB each at 1024 x 1024. */
const MAX_FILES = 8;

export interface BareOptions extends Pick<SessionLoopStart, 'model' | 'device' | 'threads' | 'batch'> {
  readonly pictures: readonly BenchPicture[];
  /** Pictures to infer, at least. */
  readonly count: number;
  /** Loops side by side: as many as the pipeline has workers. */
  readonly loops: number;
}

/** Runs the model alone, in processes of its own, on the same pictures. Throws INFERENCE_FAILED where a loop ends early. */
export async function runBare(options: BareOptions): Promise<SessionLoopDone> {
  const { model, device, threads, batch, pictures, count, loops } = options;
  const files = pictures.slice(0, MAX_FILES).map(({ file }) => file);
  const runs = Math.ceil(count / (batch * loops));
  const start: SessionLoopStart = { model, device, threads, batch, files, runs };
  const done = await Promise.all(Array.from({ length: loops }, () => runLoop(start)));
  return {
    pictures: done.reduce((sum, { pictures }) => sum + pictures, 0),
    wall: Math.max(...done.map(({ wall }) => wall)),
    cpu: done.reduce((sum, { cpu }) => sum + cpu, 0),
  };
}

async function runLoop(start: SessionLoopStart): Promise<SessionLoopDone> {
  // What Node was told for this process (to run TypeScript, to profile) is not meant for that one.
  const child = fork(LOOP_FILE, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.send(start);
  const exited = once(child, 'exit');
  const message = once(child, 'message') as Promise<[SessionLoopDone]>;
  const first = await Promise.race([message, exited.then(() => undefined)]);
  await exited;
  if (first !== undefined) return first[0];
  throw new ClearcutError('INFERENCE_FAILED', `The bare loop ended early: ${stderr.trim() || 'no message'}.`);
}
