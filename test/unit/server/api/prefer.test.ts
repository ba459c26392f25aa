import { expect, test } from 'vitest';
import { waitPreferenceOf } from '../../../../src/server/api/prefer.js';

test.each([
  [undefined, undefined, []],
  ['', undefined, []],
  ['wait=10', 10, ['wait=10']],
  ['Wait = "10"', 10, ['wait=10']],
  ['wait=3600', 50, ['wait=50']],
  ['wait=0', 0, ['wait=0']],
  ['respond-async', 0, ['respond-async']],
  ['Respond-Async; strict=yes', 0, ['respond-async']],
  ['respond-async, wait=5', 5, ['respond-async', 'wait=5']],
  ['wait=5 , respond-async=""', 5, ['respond-async', 'wait=5']],
  ['wait=5, wait=9', 5, ['wait=5']],
  ['return=minimal, foo; bar="a, wait=3", wait=7', 7, ['wait=7']],
  ['foo="wait=3, respond-async"', undefined, []],
  // Values that mean nothing are as if nothing was said.
  ['wait', undefined, []],
  ['wait=-1', undefined, []],
  ['wait=1.5', undefined, []],
  ['wait=1e3', undefined, []],
  ['wait=99999999999999999999', undefined, []],
  ['respond-async=no', undefined, []],
  ['=,;,"', undefined, []],
])('%s', (header, seconds, applied) => {
  expect(waitPreferenceOf(header, 50)).toEqual({ seconds, applied });
});
