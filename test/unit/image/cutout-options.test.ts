import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cutOut, type MatteSource } from '../../../src/image/cutout.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../../src/image/options.js';
import {
  drawSubject,
  MAGENTA,
  openRaw,
  POINTS,
  pixelAt,
  subjectMatte,
  subjectPixels,
} from '../../support/draw.js';
import { expectRefusal, largestDifference, meanDifference } from './measures.js';

const SIDE = 240;
const ZERO = { px: 0 };
const CROP = { top: ZERO, right: ZERO, bottom: ZERO, left: ZERO };
const WHITE = { kind: 'color', rgba: [255, 255, 255, 255] } as const;

describe('output', () => {
  test('the mask alone is the matte, in grey', async () => {
    const { files } = await make({ output: 'mask' });

    expect(files).toMatchObject([{ kind: 'mask', contentType: 'image/png', width: 240, height: 160 }]);
    const mask = await read(files[0].bytes);
    expect(mask.channels).toBe(1);
    expect(meanDifference(mask.data, subjectMatte().data)).toBeLessThan(2);
  });

  test('both are of one size, and the mask is the alpha of the cut-out', async () => {
    const { files } = await make({ output: 'both', crop: CROP, maxSide: 100 });

    expect(files.map(({ kind }) => kind)).toEqual(['cutout', 'mask']);
    const [cutout, mask] = await Promise.all(files.map(({ bytes }) => read(bytes)));
    const alpha = cutout?.data.filter((_, at) => at % 4 === 3) ?? [];
    expect(largestDifference(alpha, mask?.data ?? [])).toBeLessThanOrEqual(1);
  });

  test('the mask shows neither background nor shadow', async () => {
    const plain = await make({ output: 'mask' });
    const dressed = await make({
      output: 'mask',
      background: WHITE,
      shadow: { opacity: 1, blur: 0.2, offsetX: 0.1, offsetY: 0.1 },
    });

    expect(dressed.files[0].bytes).toEqual(plain.files[0].bytes);
  });

  test('both come in the format that is asked for', async () => {
    const { files } = await make({ output: 'both', format: 'webp' });

    expect(files.map(({ contentType }) => contentType)).toEqual(['image/webp', 'image/webp']);
  });
});

describe('format: auto', () => {
  test('is JPEG where nothing is transparent, and PNG for the mask beside it', async () => {
    const { files } = await make({ format: 'auto', background: WHITE, output: 'both' });

    expect(files.map(({ contentType }) => contentType)).toEqual(['image/jpeg', 'image/png']);
  });

  test.each<Partial<PictureOptions>>([{}, { background: { kind: 'color', rgba: [255, 255, 255, 254] } }])(
    'is PNG where something is: %o',
    async (options) => {
      expect((await make({ format: 'auto', ...options })).files[0].contentType).toBe('image/png');
    },
  );

  test('is JPEG also where the subject is all there is', async () => {
    const full = { data: new Uint8Array(SIDE * SIDE).fill(255), side: SIDE, coverage: 1 };
    const source: MatteSource = { side: SIDE, infer: () => Promise.resolve(full) };
    const { files } = await cutOut(await drawSubject(), source, { ...DEFAULT_OPTIONS, format: 'auto' });

    expect(files[0].contentType).toBe('image/jpeg');
  });
});

test('a JPEG without a background is refused before the model is asked', async () => {
  const seen: Uint8Array[] = [];
  const refused = cutOut(await drawSubject(), knowing(seen), { ...DEFAULT_OPTIONS, format: 'jpg' });

  await expectRefusal(refused, 'OPTIONS_INVALID', 'needs a background');
  expect(seen).toEqual([]);
});

describe('layers', () => {
  test('the subject is before the background', async () => {
    const picture = await read(
      (await make({ background: { kind: 'color', rgba: [9, 8, 7, 255] } })).files[0].bytes,
    );

    expect(pixelAt(picture, POINTS.background)).toEqual([9, 8, 7, 255]);
    expect(pixelAt(picture, POINTS.ellipse)).toEqual([...MAGENTA, 255]);
  });

  test('an image as background covers the canvas of the result', async () => {
    const bytes = await drawSubject({ width: 90, height: 60, format: 'png', background: '#ff0000' });
    const { files } = await make({
      background: { kind: 'image', bytes },
      canvas: { width: 300, height: 300 },
    });
    const picture = await read(files[0].bytes);

    expect(files[0]).toMatchObject({ width: 300, height: 300 });
    expect(largestDifference(pixelAt(picture, { x: 0.02, y: 0.02 }), [255, 0, 0, 255])).toBeLessThanOrEqual(
      1,
    );
  });

  test('the shadow is between them', async () => {
    const { files } = await make({
      background: WHITE,
      shadow: { opacity: 0.5, blur: 0, offsetX: 0.02, offsetY: 0.1 },
    });
    const picture = await read(files[0].bytes);
    // Below the ellipse, which ends at 90 % of the height; it falls 19 pixels down.
    const below = pixelAt(picture, { x: 0.36, y: 0.95 });
    expect(largestDifference(below, [128, 128, 128, 255])).toBeLessThanOrEqual(1);
    expect(pixelAt(picture, POINTS.ellipse)).toEqual([...MAGENTA, 255]);
    expect(pixelAt(picture, POINTS.background)).toEqual([255, 255, 255, 255]);
  });
});

describe('the subject', () => {
  test('is said to be where it is', async () => {
    const { files, subject } = await make({ crop: { ...CROP, left: { px: 20 } } });

    expect(subject).toEqual({ left: 20, top: 0, width: files[0].width - 20, height: files[0].height });
    expect(Math.abs(files[0].width - 212)).toBeLessThanOrEqual(2);
  });

  test('that is not there changes no canvas, and throws no shadow', async () => {
    const empty = { data: new Uint8Array(SIDE * SIDE), side: SIDE, coverage: 0 };
    const source: MatteSource = { side: SIDE, infer: () => Promise.resolve(empty) };
    const { files, subject } = await cutOut(await drawSubject(), source, {
      ...DEFAULT_OPTIONS,
      crop: CROP,
      scale: 0.5,
      position: { x: 0, y: 0 },
      shadow: { opacity: 1, blur: 0.1, offsetX: 0, offsetY: 0 },
    });

    expect(subject).toBeUndefined();
    expect(files[0]).toMatchObject({ width: 240, height: 160 });
    expect((await sharp(files[0].bytes).stats()).channels.map(({ max }) => max)).toEqual([0, 0, 0, 0]);
  });
});

describe('region', () => {
  // The right third, in which the rectangle is and the ellipse is not.
  const region = { left: { share: 0.65 }, top: ZERO, right: { share: 1 }, bottom: { px: 160 } };

  test('the model sees nothing else', async () => {
    const seen: Uint8Array[] = [];
    await make({ region }, seen);

    const part = await openRaw(subjectPixels())
      .extract({ left: 156, top: 0, width: 84, height: 160 })
      .resize(SIDE, SIDE, { fit: 'fill' })
      .raw()
      .toBuffer();
    expect(meanDifference(seen[0] ?? [], part)).toBeLessThan(3);
  });

  test('what is outside is background, and what is inside is where it was', async () => {
    const full = { data: new Uint8Array(SIDE * SIDE).fill(255), side: SIDE, coverage: 1 };
    const source: MatteSource = { side: SIDE, infer: () => Promise.resolve(full) };
    const bytes = await drawSubject({ format: 'png' });
    const { files, subject } = await cutOut(bytes, source, { ...DEFAULT_OPTIONS, region });

    expect(subject).toEqual({ left: 156, top: 0, width: 84, height: 160 });
    const { data } = await read(files[0].bytes);
    const { data: colours } = subjectPixels();
    for (let at = 0; at < 240 * 160; at++) {
      const isInside = at % 240 >= 156;
      const expected = isInside ? [...colours.subarray(3 * at, 3 * at + 3), 255] : [0, 0, 0, 0];
      expect([...data.subarray(4 * at, 4 * at + 4)]).toEqual(expected);
    }
  });

  test('without a pixel is refused before the model is asked', async () => {
    const seen: Uint8Array[] = [];
    const refused = make({ region: { ...region, left: { px: 500 } } }, seen);

    await expectRefusal(refused, 'OPTIONS_INVALID', 'no pixel of the picture');
    expect(seen).toEqual([]);
  });
});

test('hard edges are one pixel wide', async () => {
  const soft = await read((await make({}, [], 24)).files[0].bytes);
  const hard = await read((await make({ edges: 'hard' }, [], 24)).files[0].bytes);

  const partial = ({ data }: { data: Buffer }) =>
    data.filter((value, at) => at % 4 === 3 && value > 0 && value < 255).length;
  expect(partial(hard)).toBeLessThan(partial(soft) / 4);
});

/** The drawing with its true matte, of `side` x `side`. */
async function make(options: Partial<PictureOptions>, seen: Uint8Array[] = [], side = SIDE) {
  const bytes = await drawSubject({ format: 'png' });
  return await cutOut(bytes, knowing(seen, side), { ...DEFAULT_OPTIONS, ...options });
}

function knowing(seen: Uint8Array[], side = SIDE): MatteSource {
  const { data } = subjectMatte({ width: side, height: side });
  return {
    side,
    infer: (rgb) => {
      seen.push(rgb);
      return Promise.resolve({ data, side, coverage: 0.25 });
    },
  };
}

async function read(bytes: Uint8Array) {
  const header = await sharp(bytes).metadata();
  const grey = sharp(bytes).toColourspace(header.space === 'b-w' ? 'b-w' : 'srgb');
  const { data, info } = await grey.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}
