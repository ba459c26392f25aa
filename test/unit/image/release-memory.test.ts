import { expect, test } from 'vitest';
import { releaseMemory } from '../../../src/image/release-memory.js';

test('released arrays are empty, also where several share a buffer', () => {
  const one = new Uint8Array(8).fill(1);
  const other = one.subarray(4);
  const kept = new Uint8Array(8).fill(2);
  releaseMemory([one, other]);
  expect(one).toHaveLength(0);
  expect(other).toHaveLength(0);
  expect(kept).toEqual(new Uint8Array(8).fill(2));
});
