import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareKeys } from '../../../src/storage/key-order.js';

it('orders keys as their UTF-8 bytes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc
      .array(fc.constantFrom('a', '/', '｡', '\uE000', '🦊', '\u{10FFFF}'), { maxLength: 6 })
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 5000, seed: 1 },
  );
});
