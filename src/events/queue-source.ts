import type { Delivery, EventSource } from './event-source.js';
import type { LocalQueue } from './local-queue.js';

export interface QueueSourceOptions {
  readonly name: string;
  readonly queue: LocalQueue;
  /**
   * Fills the queue until `signal` aborts, then frees what it holds and resolves. If it rejects, every consumer's
   * iteration throws that error.
   */
  readonly produce: (signal: AbortSignal) => Promise<void>;
}

/**
 * An event source whose events are made in this process: `produce` runs while at least one consumer reads. When the
 * last one has left, its iteration ends only after everything is freed, and the queue is empty.
 */
export function createQueueSource({ name, queue, produce }: QueueSourceOptions): EventSource {
  let production: Production | undefined;
  let consumers = 0;
  let stopped = Promise.resolve();

  async function* deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    // An earlier run frees what it holds before a new one starts.
    await stopped;
    if (signal.aborted) return;
    consumers += 1;
    production ??= startProduction(produce);
    const current = production;
    try {
      yield* queue.deliveries(AbortSignal.any([signal, current.failed]));
      if (!signal.aborted) throw current.failed.reason;
    } finally {
      consumers -= 1;
      if (consumers === 0) {
        production = undefined;
        stopped = current.stop().then(queue.clear);
        await stopped;
      }
    }
  }

  return { name, deliveries, backlog: async () => queue.backlog() };
}

interface Production {
  /** Aborts, with the error as its reason, when the producer rejects. */
  readonly failed: AbortSignal;
  stop(): Promise<void>;
}

function startProduction(produce: (signal: AbortSignal) => Promise<void>): Production {
  const stopping = new AbortController();
  const failure = new AbortController();
  const finished = produce(stopping.signal).catch((error: unknown) => failure.abort(error));
  return {
    failed: failure.signal,
    stop() {
      stopping.abort();
      return finished;
    },
  };
}
