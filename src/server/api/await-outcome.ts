import type { ApiContext } from './context.js';
import type { FileStatus } from './file-state.js';
import { readObject } from './read-object.js';

/** Milliseconds between two looks at the bucket: where the service of this process has the object, a notice is faster. */
const PAUSES = { first: 250, last: 2_000 };

/**
 * Waits until the object has an outcome, `ms` at most or until `signal` aborts. A notice of this process comes first;
 * where another process does the work, nobody tells of it, and the bucket is looked at with growing pauses. Throws
 * what readObject does.
 */
export async function awaitOutcome(
  context: ApiContext,
  key: string,
  ms: number,
  signal: AbortSignal,
): Promise<FileStatus> {
  const end = performance.now() + ms;
  let isNoticed = false;
  let wake = () => {};
  const unsubscribe = context.notices.subscribe(context.inputBucket, key, () => {
    isNoticed = true;
    wake();
  });
  signal.addEventListener('abort', () => wake());
  try {
    for (let pause = PAUSES.first; ; pause = Math.min(pause * 1.5, PAUSES.last)) {
      isNoticed = false;
      const status = await readObject(context, key);
      const left = end - performance.now();
      if (status.outcome !== undefined || left <= 0 || signal.aborted) return status;
      // What came while we looked may be newer than what we saw.
      if (isNoticed) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(pause, left));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    unsubscribe();
  }
}
