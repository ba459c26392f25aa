import { describe, expect, it } from 'vitest';
import { countText, progressText, sizeText } from '../../../web/ui/words.js';

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [9_949, '9.9 kB'],
  [9_951, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [64 * 2 ** 20, '67 MB'],
  [2.5e12, '2500 GB'],
])('writes %i bytes as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

it('counts', () => {
  expect(countText(1)).toBe('1 picture');
  expect(countText(2)).toBe('2 pictures');
});

describe('the progress of a batch', () => {
  const counts = { total: 20, done: 12, failed: 0, uploading: 0, lost: 0, working: 8 };

  it('says what there is to say', () => {
    expect(progressText(counts)).toBe('12 of 20 done');
    expect(progressText({ ...counts, failed: 1, lost: 2, uploading: 3, working: 2 })).toBe(
      '12 of 20 done, 1 failed, 2 not uploaded, 3 uploading',
    );
    expect(progressText({ ...counts, done: 20, working: 0 })).toBe('All 20 done');
    expect(progressText({ ...counts, total: 1, done: 1, working: 0 })).toBe('Done');
  });
});
