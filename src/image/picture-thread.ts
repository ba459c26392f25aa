import { parentPort, type Transferable } from 'node:worker_threads';
import { ClearcutError, messageOf } from '../errors.js';
import { cutOut, type MatteSource, type ModelMatte } from './cutout.js';
import { releaseMemory } from './release-memory.js';
import { configureImageRuntime } from './runtime.js';
import type { FromPictureThread, ToPictureThread } from './thread-messages.js';
import { yieldToInference } from './thread-priority.js';

/**
 * A thread that works on pictures: what is done to pixels in JavaScript would hold up the main thread. Several
 * pictures may be on their way in it; mattes come from the main thread.
 */

interface Waiting {
  resolve(matte: ModelMatte): void;
  reject(error: Error): void;
}

const port = parentPort;
if (port === null) throw new Error('a picture thread is started by picture-threads.js');
configureImageRuntime();
yieldToInference();
const waiting = new Map<number, Waiting>();

port.on('message', (message: ToPictureThread) => {
  if (message.kind === 'cut-out') return void serve(message);
  const { id } = message;
  const picture = waiting.get(id);
  waiting.delete(id);
  if (message.kind === 'matte') picture?.resolve(message.matte);
  else picture?.reject(new Error('the model gave no matte'));
});

async function serve(message: Extract<ToPictureThread, { kind: 'cut-out' }>): Promise<void> {
  const { id, bytes, side, framing, options } = message;
  const mattes: MatteSource = {
    side,
    framing,
    infer: (rgb) =>
      new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send({ kind: 'infer', id, rgb }, [rgb.buffer]);
      }),
  };
  try {
    const result = await cutOut(bytes, mattes, options);
    releaseMemory([bytes as Uint8Array<ArrayBuffer>]);
    send(
      { kind: 'done', id, result },
      result.files.map((file) => file.bytes.buffer),
    );
  } catch (error) {
    const { code, remedy } = error instanceof ClearcutError ? error : { code: undefined, remedy: undefined };
    send({ kind: 'failed', id, code, message: messageOf(error), remedy });
  }
}

function send(message: FromPictureThread, moved: readonly Transferable[] = []): void {
  port?.postMessage(message, moved);
}
