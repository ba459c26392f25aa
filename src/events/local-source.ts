import type { EventSource } from './event-source.js';
import { createLocalQueue } from './local-queue.js';
import { createQueueSource } from './queue-source.js';

/** A source that is told by other parts of the same process. */
export interface LocalSource extends EventSource {
  /** The object is there. Where more wait than the queue holds it is forgotten: other sources or the sweep tell of it. */
  tell(bucket: string, key: string, etag?: string): void;
}

export function createLocalSource(name: string, capacity: number): LocalSource {
  const queue = createLocalQueue({ source: name, capacity });
  const source = createQueueSource({
    name,
    queue,
    produce: (signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  });
  return {
    ...source,
    tell: (bucket, key, etag) =>
      void queue.push({ kind: 'created', bucket, key, ...(etag !== undefined && { etag }) }),
  };
}
