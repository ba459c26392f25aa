import fc from 'fast-check';
import { expect, it } from 'vitest';
import { largestComponent } from '../../../src/evaluate/largest-component.js';
import { nearestSet } from '../../../src/evaluate/nearest-subject.js';

/** A small mask, and its width. */
const masks = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      set: fc.array(fc.boolean(), { minLength: width * height, maxLength: width * height }),
    }),
  );

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

it('finds the largest component, as filling from each pixel would', () => {
  fc.assert(
    fc.property(masks, ({ width, height, set }) => {
      const runs = largestComponent((at) => set[at] === true, width, height);
      const found = runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
      const components = componentsByFilling(set, width);
      const largest = components.find(
        (component) => component.length === Math.max(...components.map(({ length }) => length)),
      );
      expect(found).toEqual(largest ?? []);
    }),
  );
});

function componentsByFilling(set: readonly boolean[], width: number): number[][] {
  const seen = new Set<number>();
  return set.flatMap((isSet, start) => {
    if (!isSet || seen.has(start)) return [];
    const component = [start];
    seen.add(start);
    for (const at of component) {
      const column = at % width;
      const neighbours = [at - width, at + width];
      if (column > 0) neighbours.push(at - 1);
      if (column < width - 1) neighbours.push(at + 1);
      for (const next of neighbours) {
        if (set[next] !== true || seen.has(next)) continue;
        seen.add(next);
        component.push(next);
      }
    }
    return [component.sort((one, other) => one - other)];
  });
}
