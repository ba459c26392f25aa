import { ClearcutError } from '../errors.js';
import type { DeadLetter, ResultRecord } from './result-record.js';

/** What became of one object version, for those who are told. */
export type News =
  | { readonly kind: 'result'; readonly record: ResultRecord }
  | { readonly kind: 'dead-letter'; readonly deadLetter: DeadLetter }
  | { readonly kind: 'removed'; readonly removed: RemovedOutcome };

/** The outcome that went with its input. */
export interface RemovedOutcome {
  readonly status: 'removed';
  /** `etag`: of the version that the outcome was made from. */
  readonly source: { readonly bucket: string; readonly key: string; readonly etag: string };
  /** ISO 8601. */
  readonly finishedAt: string;
}

/** The OutcomeListener port: who tells the world of outcomes. */
export interface OutcomeListener {
  /**
   * The outcome is about to be stored. When this resolves the news of it survives a crash, and nobody was told yet.
   * Where it rejects nothing may be stored.
   */
  expect(news: News, traceparent?: string): Promise<Expected>;
}

/** News of an outcome that is about to be stored. Exactly one of these follows, unless the process dies. */
export interface Expected {
  /** The outcome is durably stored: tell it, at leisure. */
  stands(): void;
  /** It was taken back, or never stored: nobody is told. Never rejects. */
  fails(): Promise<void>;
  /** Whether it was stored is not known, because another writer was met: find out, then do either. Never rejects. */
  isUnclear(): Promise<void>;
}

/** Makes the news durable; to be called once, before the write that makes the outcome count. */
export type Announce = (news: News) => Promise<void>;

/**
 * Runs the writes that store one outcome, with the listener told in the right order around them: nothing is told that
 * does not stand, and whatever is stored is told, also where the process dies in between (see src/notify/outbox.ts).
 */
export async function announcing<Result extends { readonly kind: string }>(
  listener: OutcomeListener | undefined,
  traceparent: string | undefined,
  work: (announce: Announce) => Promise<Result>,
): Promise<Result> {
  let expected: Expected | undefined;
  try {
    const outcome = await work(async (news) => {
      expected = await listener?.expect(news, traceparent);
    });
    if (outcome.kind === 'skipped') await expected?.fails();
    else expected?.stands();
    return outcome;
  } catch (thrown) {
    // Of any other failure the news stays where it is: the object is tried again, and its news with it.
    if (thrown instanceof ClearcutError && thrown.code === 'PRECONDITION_FAILED') await expected?.isUnclear();
    throw thrown;
  }
}
