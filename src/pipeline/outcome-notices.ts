import { EventEmitter } from 'node:events';
import type { Outcome } from './process-object.js';

/** Tells other parts of the same process which objects have an outcome now; other processes tell nothing here. */
export interface OutcomeNotices {
  /** To be called when the outcome is durably stored. */
  publish(outcome: Outcome): void;
  /** Calls `listener` at each outcome of the object, until the result is called. */
  subscribe(bucket: string, key: string, listener: () => void): () => void;
}

export function createOutcomeNotices(): OutcomeNotices {
  const emitter = new EventEmitter();
  // One for each request that waits.
  emitter.setMaxListeners(0);
  return {
    publish(outcome) {
      const source = sourceOf(outcome);
      if (source !== undefined) emitter.emit(nameOf(source.bucket, source.key));
    },
    subscribe(bucket, key, listener) {
      const name = nameOf(bucket, key);
      emitter.on(name, listener);
      return () => void emitter.off(name, listener);
    },
  };
}

function sourceOf(outcome: Outcome) {
  if (outcome.kind === 'result') return outcome.record.source;
  return outcome.kind === 'dead-letter' ? outcome.deadLetter.source : undefined;
}

/** No event of an emitter's own has a slash. */
function nameOf(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}
