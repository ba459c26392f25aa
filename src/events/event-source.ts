/**
 * The EventSource port: where the news of created and removed objects comes from. Events are a hint; they may come
 * late, twice, out of order or not at all, and the sweep makes good what a source never told. Every implementation
 * passes the suite in test/contracts/event-source.ts, but for the sweep: it tells of an object until its outcome is
 * stored, whatever was acked.
 */
export interface EventSource {
  /** What the source is, for logs and metrics: `directory`, `sweep`. */
  readonly name: string;

  /**
   * The deliveries, until `signal` aborts. Nothing is taken from the source before the consumer asks for the next
   * one, so a slow consumer holds the source back instead of filling memory. Ends without an error on abort.
   */
  deliveries(signal: AbortSignal): AsyncIterable<Delivery>;

  /** What waits in the source, for those who watch it; absent where nobody can tell. May ask a server, and fail. */
  backlog?(): Promise<Backlog>;
}

export interface Backlog {
  /** Events that wait, about. */
  readonly waiting: number;
  /** Milliseconds since the oldest of them came; undefined where the source does not tell. 0 where none waits. */
  readonly oldestMs?: number | undefined;
}

export type ObjectEventKind = 'created' | 'removed';

/** "This object was created" (or removed). What it says of the object is what was true when it was written. */
export interface ObjectEvent {
  readonly kind: ObjectEventKind;
  readonly bucket: string;
  readonly key: string;
  /** Where the source knows it. Without quotes. */
  readonly etag?: string;
  /** Bytes, where the source knows it. */
  readonly size?: number;
}

/** One event handed to us by a source. Exactly one of ack, nack and terminate ends it; later calls do nothing. */
export interface Delivery {
  readonly event: ObjectEvent;
  /** The name of the source. */
  readonly source: string;
  /** 1 for the first time this event is handed out, 2 for the second, ... */
  readonly attempt: number;
  /** The trace that the event is part of (W3C Trace Context), where its message says so. */
  readonly traceparent?: string | undefined;
  /** The outcome is durably stored: forget the event. */
  ack(): Promise<void>;
  /** Hand it out again after this many milliseconds. */
  nack(delayMs: number): Promise<void>;
  /** The work goes on: keep the lease alive. */
  extend(): Promise<void>;
  /** It can never succeed and its dead letter is stored: never hand it out again. */
  terminate(reason: string): Promise<void>;
}
