import { ClearcutError } from '../../errors.js';

const MAX_KEY_BYTES = 1024;

/** Throws KEY_INVALID for what no S3 server takes as a key. What only some refuse is left to the server. */
export function checkKey(bucket: string, key: string): void {
  const bytes = Buffer.from(key, 'utf8');
  let problem: string | undefined;
  if (key === '') problem = 'is empty';
  else if (bytes.length > MAX_KEY_BYTES) problem = `has ${bytes.length} bytes, more than ${MAX_KEY_BYTES}`;
  // A lone surrogate has no UTF-8 form: two such keys would become the same object.
  else if (bytes.toString('utf8') !== key) problem = 'is not valid Unicode';
  if (problem === undefined) return;
  throw new ClearcutError('KEY_INVALID', `The key ${problem}.`, { bucket, key });
}

/** Throws KEY_INVALID for a key that no URL can carry: clients resolve dots before they send a request. */
export function checkLinkKey(bucket: string, key: string): void {
  checkKey(bucket, key);
  const dots = key.split('/').find((segment) => segment === '.' || segment === '..');
  if (dots === undefined) return;
  throw new ClearcutError('KEY_INVALID', `No URL can carry a key with the segment "${dots}".`, {
    bucket,
    key,
  });
}
