import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { toClearcutError } from '../errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { EventSource } from './event-source.js';
import { createLocalQueue, type LocalQueueCounts } from './local-queue.js';
import { type Connection, type ListenOptions, listen } from './minio-listen/connection.js';
import { createQueueSource } from './queue-source.js';
import { parseS3Events } from './s3-events.js';

export interface MinioListenSourceOptions extends ListenOptions {
  /** Events that may wait. */
  readonly capacity: number;
  /** Keys to speak of; others take no place in the queue. Default: all. */
  readonly accepts?: (key: string) => boolean;
  /** Called when listening goes on after an interruption, in which events may have been missed: time for a sweep. */
  readonly onGap?: () => void;
  readonly logger: Logger;
}

export interface MinioListenSource extends EventSource {
  /**
   * Resolves when the first consumer's connection is there or could not be made: what was in the bucket before is for
   * a sweep to find, so let the first one begin after this. Never rejects.
   */
  readonly started: Promise<void>;
  readonly counts: () => LocalQueueCounts;
}

const NAME = 'minio-listen';

const RETRY_MIN = 500;
const RETRY_MAX = 30_000;

/**
 * Events from MinIO's Listen API, which needs no broker and no configuration in MinIO, but keeps nothing: what
 * happens while nobody listens is not told of later, so every reconnection calls `onGap`.
 *
 * If MinIO cannot be listened to at the first attempt, the iteration throws a ClearcutError (CONFIG_INVALID or
 * EVENT_SOURCE_UNAVAILABLE); whatever happens later is logged and tried again.
 */
export function createMinioListenSource(options: MinioListenSourceOptions): MinioListenSource {
  const { bucket, prefix = '', capacity, accepts = () => true, onGap, logger } = options;
  const queue = createLocalQueue({ source: NAME, capacity });
  let connected = false;
  let markStarted = () => {};
  const started = new Promise<void>((resolve) => {
    markStarted = resolve;
  });

  async function produce(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const connection = await connect(signal);
        if (connected) onGap?.();
        connected = true;
        markStarted();
        const reason = await connection.closed;
        if (signal.aborted) return;
        logger.warn({ err: reason, bucket }, 'listening was interrupted; connecting again');
        await sleep(RETRY_MIN, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      markStarted();
    }
  }

  function connect(signal: AbortSignal): Promise<Connection> {
    return pRetry(
      () =>
        listen(options, onMessage, signal).catch((error: unknown) => {
          throw toClearcutError(error, 'EVENT_SOURCE_UNAVAILABLE', { bucket });
        }),
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: RETRY_MIN,
        maxTimeout: RETRY_MAX,
        randomize: true,
        signal,
        shouldRetry: () => connected,
        onFailedAttempt({ error, attemptNumber }) {
          if (connected && !signal.aborted)
            logger.warn({ err: error, bucket, attempt: attemptNumber }, 'cannot listen; trying again');
        },
      },
    );
  }

  function onMessage(line: string): void {
    try {
      for (const event of parseS3Events(line, { keys: 'raw' })) {
        // MinIO takes `*` and `?` in a prefix for wildcards.
        const isOurs = event.bucket === bucket && event.key.startsWith(prefix);
        if (isOurs && accepts(event.key)) queue.push(event);
      }
    } catch (error) {
      logger.warn({ err: error, bucket }, 'an event was not understood; the sweep will see to its object');
    }
  }

  return { ...createQueueSource({ name: NAME, queue, produce }), started, counts: queue.counts };
}
