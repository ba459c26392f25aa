import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { describeKeys } from './object-store/keys.js';
import { describeLinks } from './object-store/links.js';
import { describeObjects } from './object-store/objects.js';
import { createStoreTest, type Lacks } from './object-store/store-test.js';
import { describeWrites } from './object-store/writes.js';

/** A store to be tested, with one empty bucket. Its links must work with a plain `fetch`. */
export interface StoreUnderTest {
  readonly store: ObjectStore;
  readonly bucket: string;
  close(): Promise<unknown>;
}

export interface ObjectStoreContract {
  /** Called once; every test keeps to a prefix of its own. */
  create(): Promise<StoreUnderTest>;
  readonly lacks?: Lacks;
}

/** The behaviour that every ObjectStore has, whatever keeps the objects. */
export function describeObjectStore(name: string, { create, lacks = {} }: ObjectStoreContract): void {
  describe(`${name}: ObjectStore contract`, () => {
    let opened: StoreUnderTest;
    let tests = 0;

    beforeAll(async () => {
      opened = await create();
    });

    afterAll(async () => opened?.close());

    beforeEach(() => {
      tests += 1;
    });

    const test = createStoreTest(
      () => ({ store: opened.store, bucket: opened.bucket, prefix: `test-${tests}/` }),
      lacks,
    );
    describeObjects(test);
    describeWrites(test);
    describeKeys(test);
    describeLinks(test);
  });
}
