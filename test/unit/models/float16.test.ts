import { describe, expect, it } from 'vitest';
import { halvesToFloats } from '../../../src/models/graph/float16.js';
import { referenceHalves } from './reference-halves.js';

describe('halvesToFloats', () => {
  it('gives each of the 65,536 halves its exact value', () => {
    const converted = decode(Uint16Array.from({ length: 65_536 }, (_, bits) => bits));
    const wrong = referenceHalves().flatMap((expected, bits) =>
      Object.is(converted[bits], expected) ? [] : [{ bits, expected, actual: converted[bits] }],
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    { name: 'zero', bits: 0x0000, value: 0 },
    { name: 'negative zero', bits: 0x8000, value: -0 },
    { name: 'the smallest subnormal', bits: 0x0001, value: 2 ** -24 },
    { name: 'the largest subnormal', bits: 0x03ff, value: 1023 * 2 ** -24 },
    { name: 'the smallest normal', bits: 0x0400, value: 2 ** -14 },
    { name: 'one', bits: 0x3c00, value: 1 },
    { name: 'the largest half', bits: 0x7bff, value: 65_504 },
    { name: 'infinity', bits: 0x7c00, value: Number.POSITIVE_INFINITY },
    { name: 'negative infinity', bits: 0xfc00, value: Number.NEGATIVE_INFINITY },
    { name: 'NaN', bits: 0x7e01, value: Number.NaN },
  ])('converts $name', ({ bits, value }) => {
    expect(decode(Uint16Array.of(bits))[0]).toBe(value);
  });

  it('reads halves that do not start at an even address', () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0x3c, 0x00, 0xc0);
    const floats = halvesToFloats(bytes.subarray(1));
    expect([...new Float32Array(floats.buffer)]).toEqual([1, -2]);
  });
});

function decode(halves: Uint16Array): Float32Array {
  return new Float32Array(halvesToFloats(new Uint8Array(halves.buffer)).buffer);
}
