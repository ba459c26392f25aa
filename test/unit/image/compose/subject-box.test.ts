import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSubject } from '../../../../src/image/compose/subject-box.js';
import { type Matte, resizeMatte } from '../../../../src/image/matte.js';
import { subjectMatte } from '../../../support/draw.js';

test('it is around all that can be seen', () => {
  // The ellipse reaches from 10 % to 60 % across, the rectangle to 90 % across and from 15 % down.
  expect(findSubject(subjectMatte())).toEqual({ left: 24, top: 24, width: 192, height: 120 });
});

test('of an empty matte, or one too faint to be seen, there is none', () => {
  expect(findSubject(matteOf(['....', '....']))).toBeUndefined();
  expect(findSubject(matteOf(['.::.', '....']))).toBeUndefined();
});

test('what is too faint to be seen does not make it larger', () => {
  expect(findSubject(matteOf([':...:', ':.##:', '..#.:', ':::::']))).toEqual({
    left: 2,
    top: 1,
    width: 2,
    height: 2,
  });
});

test('of a full matte it is all', () => {
  expect(findSubject(matteOf(['##', '##', '##']))).toEqual({ left: 0, top: 0, width: 2, height: 3 });
});

test('whatever the pixels, with and without extents, it is the smallest box around those that count', () => {
  const mattes = fc.integer({ min: 1, max: 9 }).chain((width) =>
    fc.array(fc.array(fc.constantFrom(0, 0, 0, 12, 13, 255), { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 9,
    }),
  );
  fc.assert(
    fc.property(mattes, (rows) => {
      const matte = { data: Uint8Array.from(rows.flat()), width: rows[0]?.length ?? 0, height: rows.length };
      const seen = rows.flatMap((row, y) => row.flatMap((value, x) => (value >= 13 ? [{ x, y }] : [])));
      const xs = seen.map(({ x }) => x);
      const ys = seen.map(({ y }) => y);
      const expected =
        seen.length === 0
          ? undefined
          : {
              left: Math.min(...xs),
              top: Math.min(...ys),
              width: Math.max(...xs) - Math.min(...xs) + 1,
              height: Math.max(...ys) - Math.min(...ys) + 1,
            };
      expect(findSubject(matte)).toEqual(expected);
      expect(findSubject(resizeMatte(matte, matte.width, matte.height))).toEqual(expected);
    }),
  );
});

/** `#` is full, `:` too faint to count, `.` empty. */
function matteOf(rows: readonly string[]): Matte {
  const data = Uint8Array.from(rows.join(''), (mark) => (mark === '#' ? 255 : mark === ':' ? 12 : 0));
  return { data, width: rows[0]?.length ?? 0, height: rows.length };
}
