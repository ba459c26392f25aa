import { describe, expect, test } from 'vitest';
import { ClearcutError, type ErrorCode } from '../../../src/errors.js';
import { judge } from '../../../src/pipeline/retry-policy.js';

const POLICY = { maxAttempts: 4, retryMin: 1_000, retryMax: 6_000 };
const verdict = (code: ErrorCode, attempt: number) =>
  judge(new ClearcutError(code, 'it failed'), attempt, POLICY);

describe('judge', () => {
  test('buries what is permanent at once', () => {
    expect(verdict('IMAGE_CORRUPT', 1)).toEqual({ action: 'dead-letter' });
  });

  test('tries transient failures again after pauses that double up to the longest', () => {
    const delays = [1, 2, 3, 4].map((attempt) => verdict('STORE_UNAVAILABLE', attempt));
    expect(delays).toEqual([1_000, 2_000, 4_000, 6_000].map((delayMs) => ({ action: 'retry', delayMs })));
  });

  test('gives up on an image that fails at every attempt', () => {
    expect(verdict('WORKER_CRASHED', 3)).toMatchObject({ action: 'retry' });
    expect(verdict('WORKER_CRASHED', 4)).toEqual({ action: 'dead-letter' });
    expect(verdict('INFERENCE_FAILED', 4)).toEqual({ action: 'dead-letter' });
  });

  test.each(['STORE_UNAVAILABLE', 'PRECONDITION_FAILED', 'SHUTTING_DOWN'] as const)(
    'never gives up on %s, which is not the fault of the object',
    (code) => expect(verdict(code, 10_000)).toEqual({ action: 'retry', delayMs: 6_000 }),
  );
});
