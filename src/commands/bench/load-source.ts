import type { Delivery, EventSource } from '../../events/event-source.js';
import { createLocalQueue } from '../../events/local-queue.js';

/** Tells the service of one object after the other, and remembers when the service was done with each. */
export interface LoadSource extends EventSource {
  /** From here on the object waits to be taken. */
  announce(key: string): void;
  /** When the outcome of each object was stored, by key, on the clock of performance.now(). */
  readonly settled: ReadonlyMap<string, number>;
  /** Resolves when as many objects as this are settled. */
  whenSettled(count: number): Promise<void>;
}

export interface LoadSourceOptions {
  readonly bucket: string;
  /** Objects that may wait at once. */
  readonly capacity: number;
  /** Called with the number of objects that are settled, after each. */
  readonly onSettled?: ((count: number) => void) | undefined;
}

export function createLoadSource({ bucket, capacity, onSettled }: LoadSourceOptions): LoadSource {
  const queue = createLocalQueue({ source: 'bench', capacity });
  const settled = new Map<string, number>();
  let wanted = Number.POSITIVE_INFINITY;
  let reached = (): void => {};

  function note(key: string): void {
    settled.set(key, performance.now());
    onSettled?.(settled.size);
    if (settled.size >= wanted) reached();
  }

  /** The service ends a delivery only after the outcome is durable, so its end is the moment to measure. */
  function watched(delivery: Delivery): Delivery {
    const end = (ending: Promise<void>) => ending.then(() => note(delivery.event.key));
    return {
      ...delivery,
      ack: () => end(delivery.ack()),
      terminate: (reason) => end(delivery.terminate(reason)),
    };
  }

  return {
    name: 'bench',
    async *deliveries(signal) {
      for await (const delivery of queue.deliveries(signal)) yield watched(delivery);
    },
    announce: (key) => void queue.push({ kind: 'created', bucket, key }),
    settled,
    whenSettled: (count) =>
      new Promise((resolve) => {
        wanted = count;
        reached = resolve;
        if (settled.size >= count) resolve();
      }),
  };
}
