import { changedSince, type Marks, type Snapshot } from './snapshot.js';
import type { Subscription } from './watchers.js';

/** Milliseconds of silence after which a comment is sent, so that nobody between takes the connection for dead. */
const HEARTBEAT = 15_000;

export interface EventStreamOptions {
  readonly subscription: Subscription;
  /** The snapshot that the stream begins with. */
  readonly first: Snapshot;
  /** What the client has seen already, as `idOf` told it. */
  readonly seen: Marks | undefined;
  /** The data of the event `file` for the file at this place. */
  readonly fileData: (snapshot: Snapshot, at: number) => Promise<unknown>;
  /** The data of the event that ends each group of changes. */
  readonly summary: { readonly event: string; data(snapshot: Snapshot): unknown } | undefined;
  readonly signal: AbortSignal;
  readonly isClosed: () => boolean;
}

/**
 * Server-sent events: `file` for each file that changed, then a summary that carries the id of all of them, `end` when
 * nothing more will happen. The id holds what the client has seen, so whichever process it comes back to can tell what
 * it has missed.
 */
export async function* eventStream(options: EventStreamOptions): AsyncGenerator<string, void, undefined> {
  const { subscription, fileData, summary, signal, isClosed } = options;
  let seen = options.seen;
  let snapshot: Snapshot | undefined = options.first;
  let version = options.first.version;
  try {
    // Tells clients how many milliseconds to wait before they come back.
    yield 'retry: 3000\n\n';
    for (;;) {
      if (snapshot === undefined) yield ': still here\n\n';
      else {
        const changed = changedSince(seen, snapshot);
        seen = snapshot.marks;
        version = snapshot.version;
        for (const [index, at] of changed.entries()) {
          const isLast = summary === undefined && index === changed.length - 1;
          yield event('file', await fileData(snapshot, at), isLast ? seen : undefined);
        }
        if (summary !== undefined) yield event(summary.event, summary.data(snapshot), seen);
        if (snapshot.isFinished) return yield event('end', {}, seen);
      }
      snapshot = await subscription.next(version, HEARTBEAT, signal);
      if (signal.aborted || isClosed()) return;
    }
  } finally {
    subscription.leave();
  }
}

/** What the client has seen, by the id that it sends; undefined where that is none of ours. */
export function seenBy(lastEventId: string | string[] | undefined): Marks | undefined {
  if (typeof lastEventId !== 'string' || !/^[\w-]+$/.test(lastEventId)) return undefined;
  return Buffer.from(lastEventId, 'base64url');
}

function event(name: string, data: unknown, seen: Marks | undefined): string {
  const id = seen === undefined ? '' : `id: ${seen.toString('base64url')}\n`;
  return `event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
