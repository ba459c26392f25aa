import { createHash } from 'node:crypto';
import { CloudEvent } from 'cloudevents';
import type { News } from '../pipeline/outcome-listener.js';
import { traceparentOf } from '../telemetry/trace-context.js';

/** Which outcome of which object version an event tells of. */
export interface Subject {
  readonly kind: News['kind'];
  /** Of the input. */
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
}

/** A CloudEvent 1.0 in its JSON form (structured mode), as every target is sent it. */
export interface OutcomeEvent {
  /** The same for every repetition of the same outcome of the same object version. */
  readonly id: string;
  readonly type: string;
  readonly traceparent?: string | undefined;
  /** JSON, of type EVENT_CONTENT_TYPE. */
  readonly body: string;
}

export const EVENT_CONTENT_TYPE = 'application/cloudevents+json';

const ID_DIGITS = 32;

export function subjectOf(news: News): Subject {
  const { bucket, key, etag } = documentOf(news).source;
  return { kind: news.kind, bucket, key, etag };
}

/**
 * `clearcut.result`, `clearcut.dead-letter` or `clearcut.removed`, from `urn:clearcut:BUCKET` (the input's), about the
 * input's key; the data is the result record, the dead letter, or what is left to say of a removed outcome.
 */
export function eventOf(news: News, traceparent?: string): OutcomeEvent {
  const document = documentOf(news);
  const id = eventId(subjectOf(news));
  const type = `clearcut.${news.kind}`;
  const parent = traceparentOf(traceparent);
  const trace = parent === undefined ? {} : { traceparent: parent };
  const event = new CloudEvent({
    id,
    type,
    source: `urn:clearcut:${document.source.bucket}`,
    subject: document.source.key,
    time: document.finishedAt,
    datacontenttype: 'application/json',
    data: document,
    ...trace,
  });
  return { id, type, ...trace, body: JSON.stringify(event) };
}

/** 128 bits of a hash: receivers tell repetitions by it. */
function eventId({ kind, bucket, key, etag }: Subject): string {
  const text = JSON.stringify([kind, bucket, key, etag]);
  return createHash('sha256').update(text).digest('hex').slice(0, ID_DIGITS);
}

function documentOf(news: News) {
  if (news.kind === 'result') return news.record;
  return news.kind === 'dead-letter' ? news.deadLetter : news.removed;
}
