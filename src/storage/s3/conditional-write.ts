import { Readable } from 'node:stream';
import { Mutex } from 'async-mutex';
import { ClearcutError } from '../../errors.js';
import { createKeyedMutex } from '../keyed-mutex.js';
import type { ObjectHead } from '../object-store.js';
import { statusOf } from './errors.js';
import type { WriteRequest } from './write-object.js';

export interface ConditionalWriteOptions {
  /** Sends the write with its conditions. */
  readonly write: (request: WriteRequest) => Promise<ObjectHead>;
  /** ETag of the object, or undefined where there is none. */
  readonly currentEtag: (bucket: string, key: string) => Promise<string | undefined>;
  readonly onWarning: (message: string) => void;
}

type Condition = 'ifNoneMatch' | 'ifMatch';

/** No content has this ETag: it is not an MD5, nor what a multipart upload gets. */
const NO_ETAG = 'clearcut-no-such-version';

/**
 * Writes under conditions, also on servers that do not know them. Some servers refuse such a request (501), others
 * ignore its condition and write. So the first conditional write of each kind is followed by one of the same content
 * that must be refused; where it is not, this process looks before it writes from then on, and one of its own
 * writers wins. Between processes that cannot be had from such a server, which is what the warning says.
 */
export function createConditionalWrite({ write, currentEtag, onWarning }: ConditionalWriteOptions) {
  const honoured: Record<Condition, boolean | undefined> = { ifNoneMatch: undefined, ifMatch: undefined };
  const proving = new Mutex();
  const oneAtATime = createKeyedMutex();

  async function conditionalWrite(request: WriteRequest): Promise<ObjectHead> {
    const condition = conditionOf(request);
    if (condition === undefined) return write(request);
    if (honoured[condition] === undefined && !(request.body instanceof Readable)) {
      const first = await proving.runExclusive(() =>
        honoured[condition] === undefined ? prove(condition, request) : undefined,
      );
      if (first !== undefined) return first;
    }
    if (honoured[condition] === false) return lookThenWrite(request);
    // The condition of a multipart upload counts at its end, and not with every server: look before as well.
    if (request.body instanceof Readable) await check(request);
    return write(request);
  }

  /** Undefined where the proof is that the server takes no conditions, and nothing was written. */
  async function prove(condition: Condition, request: WriteRequest): Promise<ObjectHead | undefined> {
    await check(request);
    let stored: ObjectHead;
    try {
      stored = await write(request);
    } catch (thrown) {
      if (isRefusal(thrown)) honoured[condition] = true;
      if (!isNotImplemented(thrown)) throw thrown;
      giveUp(condition);
      return undefined;
    }
    const { ifMatch: _, ...options } = request.options;
    const impossible = condition === 'ifMatch' ? { ...options, ifMatch: NO_ETAG } : options;
    try {
      stored = await write({ ...request, options: impossible });
      giveUp(condition);
    } catch (thrown) {
      // Any other failure proves nothing; the next write tries again.
      if (isRefusal(thrown)) honoured[condition] = true;
    }
    return stored;
  }

  function giveUp(condition: Condition): void {
    honoured[condition] = false;
    const header = condition === 'ifMatch' ? 'If-Match' : 'If-None-Match';
    onWarning(
      `The S3 server does not heed ${header}: with several Clearcut services on one bucket, a late one may replace the result of another.`,
    );
  }

  function lookThenWrite(request: WriteRequest): Promise<ObjectHead> {
    const { ifMatch: _match, ifNoneMatch: _noneMatch, ...options } = request.options;
    return oneAtATime(`${request.bucket}/${request.key}`, async () => {
      await check(request);
      return write({ ...request, options });
    });
  }

  async function check({ bucket, key, options: { ifMatch, ifNoneMatch } }: WriteRequest): Promise<void> {
    const etag = await currentEtag(bucket, key);
    const holds =
      (ifNoneMatch === undefined || etag === undefined) && (ifMatch === undefined || etag === ifMatch);
    if (holds) return;
    const message = 'The object is not the one that was to be replaced.';
    throw new ClearcutError('PRECONDITION_FAILED', message, { bucket, key });
  }

  return conditionalWrite;
}

function conditionOf({ options }: WriteRequest): Condition | undefined {
  if (options.ifMatch !== undefined) return 'ifMatch';
  return options.ifNoneMatch === undefined ? undefined : 'ifNoneMatch';
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof ClearcutError && thrown.code === 'PRECONDITION_FAILED';
}

function isNotImplemented(thrown: unknown): boolean {
  return (
    thrown instanceof ClearcutError &&
    thrown.cause instanceof Error &&
    (thrown.cause.name === 'NotImplemented' || statusOf(thrown.cause) === 501)
  );
}
