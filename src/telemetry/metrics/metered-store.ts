import { ClearcutError } from '../../errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import type { Instruments } from './instruments.js';

/**
 * The same store, counting its calls and the bytes of objects that go through. What is normal (no such object, another
 * writer was faster) is no failed call. `name`: `directory` or `s3`.
 */
export function meterStore<Store extends ObjectStore>(
  store: Store,
  name: string,
  instruments: Pick<Instruments, 'storeBytes' | 'storeRequests' | 'linksIssued'>,
): Store {
  const { storeBytes, storeRequests, linksIssued } = instruments;
  const countIn = storeBytes.labels({ store: name, direction: 'in' });
  const countOut = storeBytes.labels({ store: name, direction: 'out' });

  async function called<Result>(operation: string, call: () => Promise<Result>): Promise<Result> {
    const count = (result: string) => storeRequests.inc({ store: name, operation, result });
    try {
      const result = await call();
      count('ok');
      return result;
    } catch (thrown) {
      count(isNormal(thrown) ? 'ok' : 'error');
      throw thrown;
    }
  }

  return {
    ...store,
    head: (...args) => called('head', () => store.head(...args)),
    async get(...args) {
      const { head, body } = await called('get', () => store.get(...args));
      body.on('data', (chunk: Uint8Array) => countIn.inc(chunk.length));
      // Who counts must not set it flowing before its reader is there.
      body.pause();
      return { head, body };
    },
    async put(bucket, key, body, options) {
      const head = await called('put', () => store.put(bucket, key, body, options));
      countOut.inc(head.size);
      return head;
    },
    delete: (...args) => called('delete', () => store.delete(...args)),
    async *list(...args) {
      let result = 'ok';
      try {
        yield* store.list(...args);
      } catch (thrown) {
        result = 'error';
        throw thrown;
      } finally {
        storeRequests.inc({ store: name, operation: 'list', result });
      }
    },
    async presignGet(...args) {
      const link = await store.presignGet(...args);
      linksIssued.inc({ method: 'get' });
      return link;
    },
    async presignPut(...args) {
      const link = await store.presignPut(...args);
      linksIssued.inc({ method: 'put' });
      return link;
    },
  };
}

function isNormal(thrown: unknown): boolean {
  return (
    thrown instanceof ClearcutError &&
    (thrown.code === 'OBJECT_NOT_FOUND' || thrown.code === 'PRECONDITION_FAILED')
  );
}
