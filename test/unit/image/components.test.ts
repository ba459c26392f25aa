import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findComponents, largestOf } from '../../../src/image/components.js';
import { masks } from '../../support/masks.js';

it('finds the components, as filling from each pixel would', () => {
  fc.assert(
    fc.property(masks, ({ width, height, set }) => {
      const components = findComponents(
        { data: Uint8Array.from(set, (is) => (is ? 200 : 199)), width, height },
        199.5,
      );
      const places = components.map(({ runs }) =>
        runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at)),
      );
      const expected = componentsByFilling(set, width);
      expect(places).toEqual(expected);
      expect(components.map(({ pixels }) => pixels)).toEqual(expected.map(({ length }) => length));
      const largest = Math.max(...expected.map(({ length }) => length));
      expect(largestOf(components)?.pixels).toBe(expected.length === 0 ? undefined : largest);
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
