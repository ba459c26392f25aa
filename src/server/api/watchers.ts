import { messageOf } from '../../errors.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Snapshot } from './snapshot.js';

/** Something that callers wait for news of. */
export interface Subject {
  /** One watch is shared by all who ask for the same. */
  readonly id: string;
  read(): Promise<Snapshot>;
}

/** One who waits. To be left in the end. */
export interface Subscription {
  /** Looks now; throws what the look throws. */
  now(): Promise<Snapshot>;
  /**
   * The newest snapshot as soon as it is another than `seen`, which `now` or this gave before; undefined where none came
   * within `timeoutMs`, where `signal` aborts, or where the watchers close. Looks that fail are taken for trouble that
   * passes.
   */
  next(seen: string, timeoutMs: number, signal?: AbortSignal): Promise<Snapshot | undefined>;
  leave(): void;
}

export interface Watchers {
  watch(subject: Subject): Subscription;
  /** Something may have happened to the subject: looks soon, where anybody waits for it. */
  touch(id: string): void;
  readonly isClosed: () => boolean;
  /** Sends all away who wait. */
  close(): void;
}

export interface WatchersOptions {
  readonly logger: Logger;
  /** Milliseconds between two looks at a subject that changes. Default: 1,000. */
  readonly minPauseMs?: number;
  /** Milliseconds between two looks at one that has not changed for long. Default: 10,000. */
  readonly maxPauseMs?: number;
}

/** How much longer each pause is than the one before, while nothing changes. */
const SLOWER = 1.5;
/** Milliseconds between the news that something happened and the look, so that several make one look. */
const SOON = 100;

/**
 * Looks at each subject once for all who wait for news of it, and only while anybody does: less and less often while
 * nothing changes, at once where it is said that something did.
 */
export function createWatchers(options: WatchersOptions): Watchers {
  const { logger, minPauseMs = 1_000, maxPauseMs = 10_000 } = options;
  const watches = new Map<string, Watch>();
  let closed = false;

  function openWatch(subject: Subject): Watch {
    const waiters = new Set<() => void>();
    let latest: Snapshot | undefined;
    let pause = minPauseMs;
    let timer: NodeJS.Timeout | undefined;
    /** The look that goes on, and the one that all share who asked since it began. */
    let looking: Promise<Snapshot> | undefined;
    let following: Promise<Snapshot> | undefined;
    let isTouched = false;
    let subscribers = 0;

    async function look(): Promise<Snapshot> {
      isTouched = false;
      try {
        const snapshot = await subject.read();
        const isNews = snapshot.version !== latest?.version;
        pause = isNews ? minPauseMs : Math.min(pause * SLOWER, maxPauseMs);
        latest = snapshot;
        if (isNews) wake();
        return snapshot;
      } catch (error) {
        pause = Math.min(pause * SLOWER, maxPauseMs);
        logger.debug(
          { subject: subject.id, reason: messageOf(error) },
          'a look at what is waited for failed',
        );
        throw error;
      } finally {
        looking = undefined;
        if (subscribers > 0) schedule(isTouched ? SOON : pause);
      }
    }

    /** What is found is never older than the call, nor than what anybody was told before. */
    function now(): Promise<Snapshot> {
      if (looking === undefined) {
        looking = look();
        return looking;
      }
      following ??= looking
        .catch(() => {})
        .then(() => {
          following = undefined;
          return now();
        });
      return following;
    }

    function schedule(ms: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => void now().catch(() => {}), ms);
    }

    function wake(): void {
      for (const awake of [...waiters]) awake();
    }

    function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
      return new Promise((resolve) => {
        const alarm = setTimeout(awake, ms);
        function awake(): void {
          clearTimeout(alarm);
          waiters.delete(awake);
          signal?.removeEventListener('abort', awake);
          resolve();
        }
        waiters.add(awake);
        signal?.addEventListener('abort', awake);
      });
    }

    return {
      now,
      enter() {
        subscribers += 1;
      },
      leave() {
        subscribers -= 1;
        if (subscribers > 0) return;
        clearTimeout(timer);
        watches.delete(subject.id);
      },
      touch() {
        isTouched = true;
        if (looking === undefined) schedule(SOON);
      },
      wake,
      async next(seen, timeoutMs, signal) {
        const until = performance.now() + timeoutMs;
        for (;;) {
          if (latest !== undefined && latest.version !== seen) return latest;
          const left = until - performance.now();
          if (closed || signal?.aborted || left <= 0) return undefined;
          await sleep(left, signal);
        }
      },
    };
  }

  return {
    watch(subject) {
      const watch = watches.get(subject.id) ?? openWatch(subject);
      watches.set(subject.id, watch);
      watch.enter();
      let isIn = true;
      return {
        now: watch.now,
        next: watch.next,
        leave() {
          if (isIn) watch.leave();
          isIn = false;
        },
      };
    },
    touch: (id) => watches.get(id)?.touch(),
    isClosed: () => closed,
    close() {
      closed = true;
      for (const watch of watches.values()) watch.wake();
    },
  };
}

interface Watch extends Pick<Subscription, 'now' | 'next'> {
  enter(): void;
  leave(): void;
  touch(): void;
  wake(): void;
}
