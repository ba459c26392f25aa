import { expect, it } from 'vitest';
import { evaluatePair } from '../../../src/evaluate/evaluate-pair.js';
import { drawSubject, openRaw, type RawPicture, subjectMatte, subjectPixels } from '../../support/draw.js';

const WHOLE = { alpha: 'auto', withRow: false } as const;

/** The drawing with its true matte as alpha, shown through a colour that is not its own where `tint` is given. */
function cutoutOf(tint = 0): RawPicture {
  const colours = subjectPixels();
  const matte = subjectMatte();
  const data = Buffer.alloc(matte.data.length * 4);
  for (let at = 0; at < matte.data.length; at++) {
    for (let channel = 0; channel < 3; channel++) {
      data[4 * at + channel] = Math.abs((colours.data[3 * at + channel] ?? 0) - tint);
    }
    data[4 * at + 3] = matte.data[at] ?? 0;
  }
  return { ...colours, data, channels: 4 };
}

const png = (picture: RawPicture) => openRaw(picture).png().toBuffer();

it('a cut-out with the true alpha has no error, nor has its matte alone', async () => {
  const picture = await drawSubject();
  const truth = await png(subjectMatte());
  for (const result of [await png(cutoutOf()), truth]) {
    const { scores } = await evaluatePair({ picture, truth, result }, WHOLE);
    expect(scores.subject).toMatchObject({ mae: 0, maxF: 1, iou: 1 });
    for (const measure of ['weightedF', 's', 'maxE'] as const) {
      expect(scores.subject[measure], measure).toBeCloseTo(1, 3);
    }
  }
});

it('an opaque cut-out of ours is subject everywhere, whatever its colours', async () => {
  const picture = await drawSubject();
  const bytes = { picture, truth: await png(subjectMatte()), result: await png(subjectPixels()) };
  const { scores } = await evaluatePair({ ...bytes, resultKind: 'cutout' }, WHOLE);
  const mean = subjectMatte().data.reduce((sum, level) => sum + level / 255, 0) / (240 * 160);
  expect(scores.subject.mae).toBeCloseTo(1 - mean, 9);
});

it('alpha errors are taken where the truth has greys in depth, or where asked for', async () => {
  const picture = await drawSubject();
  const hard = await png(subjectMatte());
  const soft = await openRaw(subjectMatte()).blur(8).toColourspace('b-w').png().toBuffer();
  const alphaOf = async (truth: Buffer, alpha: boolean | 'auto') =>
    (await evaluatePair({ picture, truth, result: hard }, { alpha, withRow: false })).scores.alpha;
  expect(await alphaOf(hard, 'auto')).toBeUndefined();
  expect(await alphaOf(hard, true)).toEqual({ sad: 0, mse: 0, gradient: 0, connectivity: 0 });
  expect((await alphaOf(soft, 'auto'))?.sad).toBeGreaterThan(0.5);
  expect(await alphaOf(soft, false)).toBeUndefined();
});

it('a mask with edges two pixels wide is no alpha', async () => {
  const picture = await drawSubject();
  const result = await png(subjectMatte());
  const truth = await openRaw(subjectMatte()).blur(0.6).toColourspace('b-w').jpeg({ quality: 80 }).toBuffer();
  expect((await evaluatePair({ picture, truth, result }, WHOLE)).scores.alpha).toBeUndefined();
});

it('colours are compared where the true ones are known and the result has some', async () => {
  const picture = await drawSubject();
  const truth = await png(subjectMatte());
  const trueColours = await png(subjectPixels());
  const colourOf = async (result: Buffer) =>
    (await evaluatePair({ picture, truth, result, trueColours }, WHOLE)).scores.colour;
  expect(await colourOf(await png(cutoutOf()))).toEqual({ white: 0, black: 0, green: 0 });
  const tinted = await colourOf(await png(cutoutOf(51)));
  for (const error of Object.values(tinted ?? {})) expect(error).toBeCloseTo(51 / 255, 6);
  expect(await colourOf(truth)).toBeUndefined();
});

it('a truth, trimap or foreground of another size is refused with both sizes', async () => {
  const picture = await drawSubject();
  const right = await png(subjectMatte());
  const other = await png(subjectMatte({ width: 120, height: 80 }));
  const message = expect.stringContaining('120 x 80 pixels, the picture 240 x 160');
  const bytes = { picture, result: right, truth: right };
  for (const wrong of [{ truth: other }, { trimap: other }, { trueColours: other }]) {
    await expect(evaluatePair({ ...bytes, ...wrong }, WHOLE)).rejects.toMatchObject({
      code: 'TRUTH_INVALID',
      message,
    });
  }
});

it('a truth that is no picture is refused', async () => {
  const picture = await drawSubject();
  const result = await png(subjectMatte());
  await expect(
    evaluatePair({ picture, result, truth: Buffer.from('no picture') }, WHOLE),
  ).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
});
