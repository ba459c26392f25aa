import type { Snapshot } from './snapshot.js';
import type { Subject, Watchers } from './watchers.js';

/**
 * The first snapshot that nothing will follow; the newest there is after `waitMs`, when the caller goes, or when the
 * watchers close.
 */
export async function waitForEnd(
  subject: Subject,
  waitMs: number,
  watchers: Watchers,
  signal: AbortSignal,
): Promise<Snapshot> {
  if (waitMs === 0) return subject.read();
  const end = performance.now() + waitMs;
  const subscription = watchers.watch(subject);
  try {
    let last = await subscription.now();
    while (!last.isFinished) {
      const next = await subscription.next(last.version, end - performance.now(), signal);
      // What became of it since the last look, which may be a while ago.
      if (next === undefined) return await subscription.now();
      last = next;
    }
    return last;
  } finally {
    subscription.leave();
  }
}

/**
 * The first snapshot that is another than `since` (or than the one that is there when nothing is given), or that nothing
 * will follow; the newest there is after `waitSeconds`, or when the caller goes.
 */
export async function waitForChange(
  subject: Subject,
  { wait, since }: { readonly wait: number; readonly since?: string | undefined },
  watchers: Watchers,
  signal: AbortSignal,
): Promise<Snapshot> {
  if (wait === 0) return subject.read();
  const subscription = watchers.watch(subject);
  try {
    const now = await subscription.now();
    if (now.isFinished || now.version !== (since ?? now.version)) return now;
    return (await subscription.next(now.version, wait * 1000, signal)) ?? now;
  } finally {
    subscription.leave();
  }
}
