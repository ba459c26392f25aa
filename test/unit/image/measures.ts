import { expect } from 'vitest';
import type { ErrorCode } from '../../../src/errors.js';
import type { ImageLimits } from '../../../src/image/inspect.js';

/** Limits that no picture of these tests meets by accident. */
export const GENEROUS: ImageLimits = { maxBytes: 10_000_000, maxPixels: 10_000_000, maxFrames: 100 };

/** Levels by which two rows of samples differ at most; they must be of one length. */
export function largestDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  let largest = 0;
  for (let at = 0; at < one.length; at++) {
    largest = Math.max(largest, Math.abs((one[at] ?? 0) - (other[at] ?? 0)));
  }
  return largest;
}

/** Levels by which two rows of samples differ on average. */
export function meanDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs((one[at] ?? 0) - (other[at] ?? 0));
  return sum / one.length;
}

/** Expects a refusal with that code, and with a message in which `says` is found. */
export async function expectRefusal(outcome: Promise<unknown>, code: ErrorCode, says: string | RegExp) {
  await expect(outcome).rejects.toMatchObject({
    name: 'ClearcutError',
    code,
    message: typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says),
  });
}
