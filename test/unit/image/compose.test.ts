import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeCutout, pixelsOf as readPixels } from '../../../src/image/compose.js';
import type { Picture } from '../../../src/image/decode.js';
import { type Matte, resizeMatte } from '../../../src/image/matte.js';
import { applyOwnAlpha } from '../../../src/image/own-alpha.js';
import { BLUE, MAGENTA, POINTS, pixelAt, subjectMatte, subjectPixels } from '../../support/draw.js';
import { largestDifference } from './measures.js';

const WIDTH = 256;

describe('the cut-out of an opaque picture', () => {
  test('has the colours of the picture where the matte shows it, and the matte as its alpha', () => {
    const drawing = subjectPixels();
    const cutout = composed({ ...drawing, channels: 3 }, subjectMatte());

    expect(cutout).toMatchObject({ width: 240, height: 160, channels: 4 });
    expect(pixelAt(cutout, POINTS.ellipse)).toEqual([...MAGENTA, 255]);
    expect(pixelAt(cutout, POINTS.rectangle)).toEqual([...BLUE, 255]);
    expect(pixelAt(cutout, POINTS.background)).toEqual([0, 0, 0, 0]);
    expect(channel(cutout, 3)).toEqual([...subjectMatte().data]);
  });

  test('keeps full colour under every half-transparent alpha: it is straight, not premultiplied', () => {
    const cutout = composed(rowOf([255, 0, 0]), ramp());

    expect(channel(cutout, 3)).toEqual([...ramp().data]);
    expect(
      pixelsOf(cutout)
        .slice(1)
        .every(([r, g, b]) => r === 255 && g === 0 && b === 0),
    ).toBe(true);
    expect(pixelsOf(cutout)[128]).toEqual([255, 0, 0, 128]);
  });

  test('has nothing left of the colours where it is wholly transparent', () => {
    const cutout = composed(rowOf([255, 255, 255]), ramp());

    expect(pixelsOf(cutout)[0]).toEqual([0, 0, 0, 0]);
    expect(pixelsOf(cutout)[1]).toEqual([255, 255, 255, 1]);
  });
});

describe('the cut-out of a picture with an alpha of its own', () => {
  const ownAlpha = Array.from({ length: WIDTH }, (_, at) => (at * 7) % WIDTH);
  const picture = rowOf([255, 40, 0], ownAlpha);

  test('has the product of both alphas', () => {
    const cutout = composed(picture, ramp());

    expect(cutout.channels).toBe(4);
    const product = ownAlpha.map((own, at) => (own * at) / 255);
    expect(largestDifference(channel(cutout, 3), product)).toBeLessThan(1);
  });

  test('has the alpha of the picture under a full matte, and the matte in an opaque picture', () => {
    const full = { ...ramp(), data: new Uint8Array(WIDTH).fill(255) };
    const opaque = rowOf([255, 40, 0], new Array(WIDTH).fill(255));

    expect(channel(composed(picture, full), 3)).toEqual(ownAlpha);
    expect(channel(composed(opaque, ramp()), 3)).toEqual([...ramp().data]);
  });

  test('keeps full colour where anything shows, and none where nothing does', async () => {
    for (const [r, g, b, alpha] of pixelsOf(composed(picture, ramp()))) {
      expect([r, g, b]).toEqual(alpha === 0 ? [0, 0, 0] : [255, 40, 0]);
    }
  });
});

test('a row of any width is the colours under their alphas, within its extent', () => {
  const pictures = fc
    .tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(3 as const, 4 as const),
    )
    .chain(([width, height, channels]) =>
      fc.record({
        size: fc.constant({ width, height }),
        channels: fc.constant(channels),
        colours: fc.uint8Array({
          minLength: width * height * channels,
          maxLength: width * height * channels,
        }),
        alphas: fc.array(fc.constantFrom(0, 1, 128, 255), {
          minLength: width * height,
          maxLength: width * height,
        }),
        ends: fc.array(fc.integer({ min: 0, max: width }), { minLength: 2 * height, maxLength: 2 * height }),
      }),
    );
  fc.assert(
    fc.property(pictures, ({ size, channels, colours, alphas, ends }) => {
      const extents = Int32Array.from(ends, (end, at) =>
        at % 2 === 0 ? end : Math.max(end, ends[at - 1] as number),
      );
      const matte = { ...size, data: Uint8Array.from(alphas), extents };
      const rgba = readPixels(composeCutout({ ...size, data: colours, channels }, matte));
      const expected = alphas.flatMap((alpha, at) => {
        const [x, y] = [at % size.width, Math.floor(at / size.width)];
        const isWithin = x >= (extents[2 * y] as number) && x < (extents[2 * y + 1] as number);
        const colour = colours.subarray(at * channels, at * channels + 3);
        return isWithin && alpha > 0 ? [...colour, alpha] : [0, 0, 0, 0];
      });
      expect([...rgba]).toEqual(expected);
    }),
  );
});

describe('resizeMatte', () => {
  test.each([
    [300, 200],
    [64, 64],
    [10, 7],
    [1, 1],
    [5000, 1],
    [1, 5000],
  ])('gives exactly one channel at %i x %i', async (width, height) => {
    const matte = resizeMatte(subjectMatte({ width: 64, height: 64 }), width, height);

    expect(matte).toMatchObject({ width, height });
    expect(matte.data.length).toBe(width * height);
  });

  test('stretches the matte without moving or dimming it', async () => {
    const size = { width: 240, height: 160 };
    const matte = resizeMatte(subjectMatte({ width: 64, height: 64 }), size.width, size.height);

    const stretched = { ...matte, channels: 1 };
    expect(pixelAt(stretched, POINTS.ellipse)).toEqual([255]);
    expect(pixelAt(stretched, POINTS.rectangle)).toEqual([255]);
    expect(pixelAt(stretched, POINTS.background)).toEqual([0]);
    const truth = subjectMatte(size).data;
    const wrong = truth.filter((value, at) => Math.abs(value - (matte.data[at] ?? 0)) > 127).length;
    // Only the border of the subject is rounded to the pixels of the small matte.
    expect(wrong / truth.length).toBeLessThan(0.02);
  });
});

function composed(picture: Picture, matte: Matte) {
  const { width, height } = picture;
  applyOwnAlpha(picture, matte);
  return { data: readPixels(composeCutout(picture, matte)), width, height, channels: 4 };
}

/** A row of one colour, with an alpha for each pixel if given. */
function rowOf(colour: readonly number[], alpha?: readonly number[]): Picture {
  const data = Array.from({ length: WIDTH }, (_, at) =>
    alpha ? [...colour, alpha[at] ?? 0] : colour,
  ).flat();
  return { data: Uint8Array.from(data), width: WIDTH, height: 1, channels: alpha ? 4 : 3 };
}

/** Every alpha there is: 0 to 255 in a row. */
function ramp(): Matte {
  return { data: Uint8Array.from({ length: WIDTH }, (_, at) => at), width: WIDTH, height: 1 };
}

function pixelsOf({ data, channels }: { data: Uint8Array; channels: number }): number[][] {
  return Array.from({ length: data.length / channels }, (_, at) => [
    ...data.subarray(at * channels, (at + 1) * channels),
  ]);
}

function channel(picture: { data: Uint8Array; channels: number }, index: number): number[] {
  return pixelsOf(picture).map((pixel) => pixel[index] ?? -1);
}
