import { parentPort, workerData } from 'node:worker_threads';
import { ClearcutError, messageOf } from '../../errors.js';
import { yieldToInference } from '../thread-priority.js';
import { decodeHeif } from './decode-heif.js';
import type { FromHeifThread, HeifJob } from './thread-messages.js';

/** A thread for one HEIF file: WebAssembly gives memory back only when all of it ends. */

const port = parentPort;
if (port === null) throw new Error('a HEIF thread is started by read-heif.js');
yieldToInference();
const { file, maxMemory } = workerData as HeifJob;
try {
  const tiff = decodeHeif(file, maxMemory);
  port.postMessage({ kind: 'done', tiff } satisfies FromHeifThread, [tiff.buffer]);
} catch (error) {
  const code = error instanceof ClearcutError ? error.code : undefined;
  port.postMessage({ kind: 'failed', code, message: messageOf(error) } satisfies FromHeifThread);
}
