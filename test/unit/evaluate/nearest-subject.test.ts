import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearestSet } from '../../../src/evaluate/nearest-subject.js';
import { masks } from '../../support/masks.js';

it('names a set pixel at the least distance, as looking at each would', () => {
  fc.assert(
    fc.property(masks, ({ width, height, set }) => {
      fc.pre(set.includes(true));
      const nearest = nearestSet((at) => set[at] === true, width, height);
      const distance = (one: number, other: number) =>
        Math.hypot((one % width) - (other % width), Math.floor(one / width) - Math.floor(other / width));
      const places = set.flatMap((isSet, at) => (isSet ? [at] : []));
      for (const [at, place] of nearest.entries()) {
        expect(set[place]).toBe(true);
        expect(distance(at, place)).toBe(Math.min(...places.map((other) => distance(at, other))));
      }
    }),
  );
});
