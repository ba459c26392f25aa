import { describe, expect, test } from 'vitest';
import { nextPause, parseRetryAfter } from '../../../src/notify/retry-schedule.js';
import { createTargetHealth } from '../../../src/notify/target-health.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('each failed attempt waits for its pause, up to a fifth more, and after the last there is none', () => {
  const pauses = [5_000, 300_000];
  expect(nextPause(pauses, 1, 0)).toBe(5_000);
  expect(nextPause(pauses, 1, 1)).toBe(6_000);
  expect(nextPause(pauses, 2, 0)).toBe(300_000);
  expect(nextPause(pauses, 3, 0)).toBeUndefined();
});

test('a receiver that asks for more time gets it, one that asks for less does not shorten the pause', () => {
  expect(nextPause([5_000], 1, 0, 60_000)).toBe(60_000);
  expect(nextPause([5_000], 1, 0, 1_000)).toBe(5_000);
});

test.each([
  [undefined, undefined],
  ['120', 120_000],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', undefined],
  ['99999999', 86_400_000],
])('Retry-After: %s', (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

describe('the health of a target', () => {
  test('single failures pause nothing; five in a row do, longer each time, up to five minutes', () => {
    const health = createTargetHealth();
    let now = NOW;
    for (let at = 0; at < 4; at++) health.failed(now);
    expect(health.pausedUntil).toBe(0);
    const pauses: number[] = [];
    for (let at = 0; at < 12; at++) {
      health.failed(now);
      pauses.push(health.pausedUntil - now);
      now = health.pausedUntil;
    }
    expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pauses.at(-1)).toBe(300_000);
    health.succeeded();
    expect(health.pausedUntil).toBe(0);
  });

  test('attempts that fail together count once', () => {
    const health = createTargetHealth();
    for (let at = 0; at < 16; at++) health.failed(NOW);
    expect(health.pausedUntil).toBe(NOW + 1_000);
  });

  test('Retry-After pauses at the first answer', () => {
    const health = createTargetHealth();
    health.failed(NOW, 30_000);
    expect(health.pausedUntil).toBe(NOW + 30_000);
  });
});
