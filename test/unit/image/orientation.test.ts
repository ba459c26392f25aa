import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/image/decode.js';
import { inspect } from '../../../src/image/inspect.js';
import { type DrawnFormat, drawSubject, type Orientation, subjectPixels } from '../../support/draw.js';
import { GENEROUS, largestDifference, meanDifference } from './measures.js';

const ORIENTATIONS: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];
const SIZE = { width: 96, height: 64 };
const UPRIGHT = subjectPixels(SIZE);

describe.each(ORIENTATIONS)('EXIF orientation %i', (orientation) => {
  test('a JPEG decodes to the upright picture', async () => {
    const picture = await decode(await drawSubject({ ...SIZE, orientation }));

    expect(picture).toMatchObject({ ...SIZE, channels: 3 });
    // JPEG rings at the hard edges of the drawing; a wrong turn differs by more than 50 levels on average.
    expect(meanDifference(picture.data, UPRIGHT.data)).toBeLessThan(4);
  });

  test('the header is read as the upright size', async () => {
    const info = await inspect(await drawSubject({ ...SIZE, orientation }), GENEROUS);

    expect(info).toMatchObject({ ...SIZE, isTurned: orientation > 1 });
  });
});

test.each<DrawnFormat>(['png', 'webp', 'tiff'])(
  'a turned %s decodes to the exact upright pixels',
  async (format) => {
    const picture = await decode(await drawSubject({ ...SIZE, format, orientation: 6 }));

    expect(picture).toMatchObject(SIZE);
    expect(largestDifference(picture.data, UPRIGHT.data)).toBe(0);
  },
);

test('a turned AVIF is turned once only', async () => {
  const picture = await decode(await drawSubject({ ...SIZE, format: 'avif', orientation: 6 }));

  expect(picture).toMatchObject(SIZE);
  expect(meanDifference(picture.data, UPRIGHT.data)).toBeLessThan(6);
});
