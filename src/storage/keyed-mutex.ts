import { Mutex } from 'async-mutex';

/** Runs actions of the same key one after the other, those of different keys at once. */
export type KeyedMutex = <Result>(key: string, action: () => Promise<Result>) => Promise<Result>;

export function createKeyedMutex(): KeyedMutex {
  const mutexes = new Map<string, Mutex>();
  return async (key, action) => {
    const mutex = mutexes.get(key) ?? new Mutex();
    mutexes.set(key, mutex);
    try {
      return await mutex.runExclusive(action);
    } finally {
      // Still locked means that others wait for it.
      if (!mutex.isLocked()) mutexes.delete(key);
    }
  };
}
