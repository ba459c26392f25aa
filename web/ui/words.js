// Numbers and sentences for people. Pure.

const UNITS = ['bytes', 'kB', 'MB', 'GB'];

/**
 * A size as file managers show it: `640 bytes`, `1.4 MB`.
 * @param {number} bytes
 */
export function sizeText(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/**
 * `1 picture`, `2 pictures`.
 * @param {number} count
 * @param {string} [noun]
 */
export function countText(count, noun = 'picture') {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * How far a batch is, in one sentence: `12 of 20 done, 1 failed, 3 uploading`.
 * @param {import('./batch-model.js').Counts} counts
 */
export function progressText({ total, done, failed, uploading, lost }) {
  const parts = [done === total ? `All ${total} done` : `${done} of ${total} done`];
  if (total === 1 && done === 1) parts[0] = 'Done';
  if (failed > 0) parts.push(`${failed} failed`);
  if (lost > 0) parts.push(`${lost} not uploaded`);
  if (uploading > 0) parts.push(`${uploading} uploading`);
  return parts.join(', ');
}
