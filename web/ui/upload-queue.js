// Sends a few files at a time, tries again what may work the next time, and can be told to stop. It knows nothing of
// HTTP or of the page: what sends, and what waits, is given to it.
import { failureOf } from './failure.js';

/**
 * @typedef {{ phase: 'queued' }
 *   | { phase: 'sending', fraction: number }
 *   | { phase: 'sent' }
 *   | { phase: 'refused', failure: import('./failure.js').Failure }
 *   | { phase: 'cancelled' }} UploadState
 */

/** Answers that are about the moment and not about the file. 0: the connection broke. */
const PASSING = new Set([0, 408, 409, 425, 429, 500, 502, 503, 504]);

/** Milliseconds before the second attempt; doubles each time. */
const FIRST_PAUSE = 1000;

/**
 * @template T what is sent; its identity names it
 * @param {object} options
 * @param {(task: T, signal: AbortSignal, onProgress: (fraction: number) => void) => Promise<void>} options.send
 *   rejects with a Failure
 * @param {(task: T, state: UploadState) => void} options.onChange
 * @param {(ms: number, signal: AbortSignal) => Promise<void>} options.pause rejects when it is aborted
 * @param {number} [options.atOnce]
 * @param {number} [options.attempts]
 */
export function createUploadQueue({ send, onChange, pause, atOnce = 3, attempts = 4 }) {
  /** @type {T[]} */
  const queued = [];
  /** @type {Map<T, AbortController>} */
  const running = new Map();

  function next() {
    while (running.size < atOnce) {
      const task = queued.shift();
      if (task === undefined) return;
      const controller = new AbortController();
      running.set(task, controller);
      void run(task, controller.signal).then((state) => {
        running.delete(task);
        onChange(task, state);
        next();
      });
    }
  }

  /**
   * @param {T} task
   * @param {AbortSignal} signal
   * @returns {Promise<UploadState>} how it ended
   */
  async function run(task, signal) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        onChange(task, { phase: 'sending', fraction: 0 });
        await send(task, signal, (fraction) => {
          if (!signal.aborted) onChange(task, { phase: 'sending', fraction });
        });
        return { phase: 'sent' };
      } catch (thrown) {
        if (signal.aborted) return { phase: 'cancelled' };
        const failure = failureOf(thrown);
        if (attempt >= attempts || !PASSING.has(failure.status)) return { phase: 'refused', failure };
      }
      try {
        await pause(FIRST_PAUSE * 2 ** (attempt - 1), signal);
      } catch {
        return { phase: 'cancelled' };
      }
    }
  }

  return {
    /** Takes a task to be sent, for the first time or again. @param {T} task */
    add(task) {
      if (queued.includes(task) || running.has(task)) return;
      queued.push(task);
      onChange(task, { phase: 'queued' });
      next();
    },
    /** Ends a task that is not sent yet; others pass by without a change. @param {T} task */
    cancel(task) {
      const at = queued.indexOf(task);
      if (at >= 0) {
        queued.splice(at, 1);
        onChange(task, { phase: 'cancelled' });
      }
      running.get(task)?.abort();
    },
    /** Whether anything would be lost by leaving. */
    get busy() {
      return running.size + queued.length > 0;
    },
  };
}

/**
 * Waits, or rejects as soon as it is told to stop.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pauseFor(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    function stop() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.addEventListener('abort', stop, { once: true });
  });
}
