import { ClearcutError, messageOf } from '../errors.js';

/**
 * For `.catch` behind a sharp call on bytes that came from outside: what libvips cannot read is damaged. Its message
 * has a line for each layer it passed; the first says what was found.
 */
export function toImageError(error: unknown): never {
  const firstLine = messageOf(error).split('\n')[0] ?? 'unreadable';
  const found = firstLine.replace(/[\s:.]+$/, '');
  throw new ClearcutError('IMAGE_CORRUPT', `The picture cannot be decoded: ${found}.`, { cause: error });
}
