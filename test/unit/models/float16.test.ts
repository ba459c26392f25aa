import { describe, expect, it } from 'vitest';
import { floatsToHalves, halvesToFloats } from '../../../src/models/graph/float16.js';
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

describe('floatsToHalves', () => {
  it('gives each of the 65,536 halves back', () => {
    const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
    const isNumber = (bits: number) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0;
    const back = encode(decode(halves));
    expect(halves.filter((bits, at) => isNumber(bits) && back[at] !== bits)).toEqual(new Uint16Array());
    expect(encode(Float32Array.of(Number.NaN))[0]).toBe(0x7e00);
  });

  it('takes the nearest half, of two as near the even one', () => {
    const halves = Uint16Array.from({ length: 0x7bff }, (_, bits) => bits);
    const values = decode(halves);
    const above = decode(halves.map((bits) => bits + 1));
    const middles = values.map((value, at) => (value + (above[at] ?? 0)) / 2);
    expect(encode(middles)).toEqual(halves.map((bits) => bits + (bits & 1)));
    const nearly = (share: number) => values.map((value, at) => value + ((above[at] ?? 0) - value) * share);
    expect(encode(nearly(0.49))).toEqual(halves);
    expect(encode(nearly(0.51))).toEqual(halves.map((bits) => bits + 1));
    expect(encode(nearly(0.51).map((value) => -value))).toEqual(halves.map((bits) => 0x8000 | (bits + 1)));
  });

  it.each([
    { name: 'what is nearer to the largest half', value: 65_519.99, bits: 0x7bff },
    { name: 'what is too large', value: 65_520, bits: 0x7c00 },
    { name: 'what is too small', value: 2 ** -26, bits: 0 },
    { name: 'half of the smallest', value: 2 ** -25, bits: 0 },
    { name: 'more than half of the smallest', value: 1.01 * 2 ** -25, bits: 1 },
  ])('rounds $name', ({ value, bits }) => {
    expect(encode(Float32Array.of(value))[0]).toBe(bits);
  });
});

function encode(floats: Float32Array): Uint16Array {
  return new Uint16Array(floatsToHalves(floats).buffer);
}

function decode(halves: Uint16Array): Float32Array {
  return new Float32Array(halvesToFloats(new Uint8Array(halves.buffer)).buffer);
}
