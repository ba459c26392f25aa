import { ClearcutError, type ErrorSubject } from '../errors.js';

/** Seconds: seven days, the longest that S3 servers sign links for. */
const MAX_LINK_SECONDS = 7 * 24 * 60 * 60;

/** Throws CONFIG_INVALID unless `expiresIn` is a whole number of seconds from 1 to seven days. */
export function checkExpiresIn(expiresIn: number, subject: ErrorSubject): void {
  if (Number.isInteger(expiresIn) && expiresIn >= 1 && expiresIn <= MAX_LINK_SECONDS) return;
  throw new ClearcutError('CONFIG_INVALID', `A link cannot work for ${expiresIn} seconds.`, {
    ...subject,
    remedy: `Ask for a whole number of seconds from 1 to ${MAX_LINK_SECONDS} (seven days).`,
  });
}
