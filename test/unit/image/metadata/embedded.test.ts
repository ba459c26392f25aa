import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cutOut, type MatteSource } from '../../../../src/image/cutout.js';
import { DEFAULT_OPTIONS, type PictureFormat, type PictureOptions } from '../../../../src/image/options.js';
import { drawSubject, openRaw, subjectMatte, subjectPixels } from '../../../support/draw.js';
import { largestDifference, meanDifference } from '../measures.js';

const SIDE = 64;
const FORMATS: readonly PictureFormat[] = ['png', 'webp', 'avif', 'jpg'];
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
xmp:Rating="3" exif:GPSLatitude="51,30N"/></rdf:RDF></x:xmpmeta>`;

describe.each(FORMATS)('%s', (format) => {
  const white = { kind: 'color', rgba: [255, 255, 255, 255] } as const;
  const background = format === 'jpg' ? white : DEFAULT_OPTIONS.background;

  test('strips everything by default', async () => {
    const header = await headerOf(await drawnPhoto(), { format, background });

    expect(header).toMatchObject({ format: format === 'jpg' ? 'jpeg' : format === 'avif' ? 'heif' : format });
    expect([header.exif, header.xmp, header.icc, header.orientation]).toEqual(new Array(4).fill(undefined));
  });

  test('keeps EXIF and XMP where that is asked for, without where it was and how it was turned', async () => {
    const bytes = await drawnPhoto();
    const before = await sharp(bytes).metadata();
    expect(before.exif?.toString('latin1')).toContain('NORTH');
    expect(before).toMatchObject({ orientation: 6, hasProfile: true });

    const { exif, xmp, orientation, icc } = await headerOf(bytes, {
      format,
      background,
      metadata: 'keep',
    });

    expect(exif?.toString('latin1')).toContain('Somebody');
    expect(exif?.toString('latin1')).not.toContain('NORTH');
    expect(orientation ?? 1).toBe(1);
    expect(xmp?.toString()).toContain('xmp:Rating="3"');
    expect(xmp?.toString()).not.toContain('GPSLatitude');
    expect(icc).toBeUndefined();
  });
});

describe('profile: keep', () => {
  const teal = [60, 160, 140] as const;

  test.each(['png', 'webp', 'avif'] as const)(
    '%s has the numbers and the profile of the input',
    async (format) => {
      const bytes = await plain(teal).withIccProfile('p3').png().toBuffer();
      const { icc } = await sharp(bytes).metadata();
      const stored = (await sharp(bytes, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3);
      expect(largestDifference(stored, teal)).toBeGreaterThan(15);

      const file = await cutOutFull(bytes, { format, profile: 'keep', quality: 100 });
      const kept = (await sharp(file.bytes, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3);
      expect((await sharp(file.bytes).metadata()).icc).toEqual(icc);
      expect(largestDifference(kept, stored)).toBeLessThanOrEqual(format === 'png' ? 0 : 3);
      // And so it looks as it did.
      const shown = (await sharp(file.bytes).toColourspace('srgb').raw().toBuffer()).subarray(0, 3);
      expect(largestDifference(shown, teal)).toBeLessThanOrEqual(4);
    },
  );

  test('an input of 16 bits keeps its numbers, to 8 bits', async () => {
    const bytes = await plain(teal).toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
    const stored = (await sharp(bytes, { ignoreIcc: true }).toColourspace('srgb').raw().toBuffer()).subarray(
      0,
      3,
    );
    const file = await cutOutFull(bytes, { profile: 'keep' });

    const kept = (await sharp(file.bytes, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3);
    expect(largestDifference(kept, stored)).toBeLessThanOrEqual(1);
    expect((await sharp(file.bytes).metadata()).hasProfile).toBe(true);
  });

  test('the model sees sRGB all the same', async () => {
    const seen: Uint8Array[] = [];
    const picture = openRaw(subjectPixels({ background: '#3ca08c' }));
    const inputs = [
      await picture.clone().png().toBuffer(),
      await picture.withIccProfile('p3').png().toBuffer(),
    ];
    for (const bytes of inputs) await cutOut(bytes, knowing(seen), { ...DEFAULT_OPTIONS, profile: 'keep' });

    expect(meanDifference(seen[0] ?? [], seen[1] ?? [])).toBeLessThan(2);
    expect(seen[1]?.buffer.byteLength).toBe(SIDE * SIDE * 3);
  });

  test('inks become sRGB: there is no profile of RGB to keep', async () => {
    const bytes = await plain(teal).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
    const file = await cutOutFull(bytes, { profile: 'keep' });

    expect((await sharp(file.bytes).metadata()).hasProfile).toBe(false);
    expect(largestDifference((await sharp(file.bytes).raw().toBuffer()).subarray(0, 3), teal)).toBeLessThan(
      20,
    );
  });

  test('before a background the picture becomes sRGB, as the background is', async () => {
    const bytes = await plain(teal).withIccProfile('p3').png().toBuffer();
    const file = await cutOutFull(bytes, {
      profile: 'keep',
      background: { kind: 'color', rgba: [1, 2, 3, 255] },
    });

    expect((await sharp(file.bytes).metadata()).hasProfile).toBe(false);
    expect(largestDifference((await sharp(file.bytes).raw().toBuffer()).subarray(0, 3), teal)).toBeLessThan(
      3,
    );
  });
});

test('a mask carries nothing', async () => {
  const bytes = await drawnPhoto();
  const { files } = await cutOut(bytes, knowing(), {
    ...DEFAULT_OPTIONS,
    output: 'mask',
    metadata: 'keep',
    profile: 'keep',
  });

  const { exif, xmp, icc } = await sharp(files[0].bytes).metadata();
  expect([exif, xmp, icc]).toEqual([undefined, undefined, undefined]);
});

/** With a profile, a photographer, a place and a turn. */
async function drawnPhoto(): Promise<Buffer> {
  return await sharp(await drawSubject({ orientation: 6 }))
    .keepMetadata()
    .withExifMerge({
      IFD0: { Artist: 'Somebody' },
      IFD3: { GPSLatitudeRef: 'NORTH', GPSLatitude: '51/1 30/1 0/1' },
    })
    .withXmp(XMP)
    .withIccProfile('p3')
    .jpeg({ quality: 95 })
    .toBuffer();
}

async function headerOf(bytes: Buffer, options: Partial<PictureOptions>) {
  const { files } = await cutOut(bytes, knowing(), { ...DEFAULT_OPTIONS, ...options });
  return await sharp(files[0].bytes).metadata();
}

/** All of the picture is subject. */
async function cutOutFull(bytes: Buffer, options: Partial<PictureOptions>) {
  const full = { data: new Uint8Array(SIDE * SIDE).fill(255), side: SIDE, coverage: 1 };
  const source: MatteSource = { side: SIDE, infer: () => Promise.resolve(full) };
  return (await cutOut(bytes, source, { ...DEFAULT_OPTIONS, ...options })).files[0];
}

function knowing(seen: Uint8Array[] = []): MatteSource {
  const { data } = subjectMatte({ width: SIDE, height: SIDE });
  return {
    side: SIDE,
    infer: (rgb) => {
      seen.push(rgb);
      return Promise.resolve({ data, side: SIDE, coverage: 0.25 });
    },
  };
}

function plain([r, g, b]: readonly [number, number, number]) {
  return sharp({ create: { width: 16, height: 16, channels: 3, background: { r, g, b } } });
}
