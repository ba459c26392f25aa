// Follows a batch: by a stream of events, or by asking again and again where streams do not come through.
import { failureOf } from './failure.js';
import { pauseFor } from './upload-queue.js';

/** Milliseconds between questions, and before a broken stream is opened again. */
const INTERVAL = 3000;
/** Browsers open six connections to a host, and uploads and pictures need some of them. */
const MOST_STREAMS = 2;
/** Streams that break without a single event, one after the other: something between here and the service holds them up. */
const MOST_EMPTY_STREAMS = 2;

let streams = 0;

/** @param {unknown} thrown */
export function isFinal(thrown) {
  return FINAL.has(failureOf(thrown).status);
}

/** Answers that will be the same however often one asks: no token, no right, no such batch. */
const FINAL = new Set([400, 401, 403, 404]);

/**
 * Follows a batch until it is finished, the signal says to stop, or asking again is no use.
 * @param {object} options
 * @param {Pick<import('./api.js').Api, 'batch' | 'events'>} options.api
 * @param {string} options.id
 * @param {AbortSignal} options.signal
 * @param {(file: import('./contract.js').ApiFile) => void} options.onFile
 * @param {(failure: unknown | undefined) => void} options.onTrouble told of what keeps it from following, and when that is over
 * @param {(ms: number, signal: AbortSignal) => Promise<void>} [options.pause]
 */
export async function watchBatch({ api, id, signal, onFile, onTrouble, pause = pauseFor }) {
  let lastId = '';
  let emptyStreams = 0;
  while (!signal.aborted) {
    try {
      if (streams < MOST_STREAMS && emptyStreams < MOST_EMPTY_STREAMS) {
        emptyStreams += 1;
        if (await follow()) return;
      }
      const isFinished = await look();
      onTrouble(undefined);
      if (isFinished) return;
    } catch (thrown) {
      if (signal.aborted) return;
      onTrouble(thrown);
      if (isFinal(thrown)) return;
    }
    await pause(INTERVAL, signal).catch(() => undefined);
  }

  /** Whether the batch is finished. */
  async function follow() {
    streams += 1;
    try {
      for await (const event of api.events(id, lastId, signal)) {
        emptyStreams = 0;
        lastId = event.id;
        onTrouble(undefined);
        if (event.type === 'file') onFile(JSON.parse(event.data));
        if (event.type === 'end') return true;
      }
      return false;
    } finally {
      streams -= 1;
    }
  }

  async function look() {
    const batch = await api.batch(id, signal);
    for (const file of batch.files) onFile(file);
    return batch.state === 'finished';
  }
}
