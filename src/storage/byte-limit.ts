import { ClearcutError, type ErrorSubject } from '../errors.js';

/** The error of every store for a body that is larger than its reader or writer allowed. */
export function tooManyBytes(maxBytes: number, subject: ErrorSubject): ClearcutError {
  const { bucket, key } = subject;
  const message = `The object has more than the ${maxBytes.toLocaleString('en')} bytes allowed.`;
  return new ClearcutError('IMAGE_TOO_MANY_BYTES', message, { bucket, key });
}
