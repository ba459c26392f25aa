import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutoutKey, deadLetterKey, maskKey, recordKey } from '../../../src/storage/keys.js';

describe('output keys', () => {
  it('are natural where nothing speaks against it', () => {
    expect(cutoutKey('cutouts/', 'photos/cat.jpg', 'png')).toBe('cutouts/photos/cat.jpg.cutout.png');
    expect(maskKey('masks/', 'photos/cat.jpg', 'png')).toBe('masks/photos/cat.jpg.mask.png');
    expect(recordKey('records/', 'photos/cat.jpg')).toBe('records/photos/cat.jpg.json');
    expect(deadLetterKey('dead-letters/', 'Füße/🦊.jpg')).toBe('dead-letters/Füße/🦊.jpg.json');
    expect(cutoutKey('', 'a~b/c.json', 'webp')).toBe('a~b/c.json.cutout.webp');
  });

  it('never need a folder where another output is a file', () => {
    expect(recordKey('records/', 'x')).toBe('records/x.json');
    expect(recordKey('records/', 'x.json/y')).toBe('records/x.json~/y.json');
    expect(recordKey('records/', 'x.json~/y')).toBe('records/x.json~~/y.json');
    expect(cutoutKey('', 'x.mask.png/y', 'png')).toBe('x.mask.png~/y.cutout.png');
    expect(cutoutKey('cutouts/', 'x.CUTOUT.png/y', 'png')).toBe('cutouts/x.CUTOUT.png~/y.cutout.png');
  });

  it('stay within what a file name may have', () => {
    const name = `${'ä'.repeat(120)}.jpg`;
    expect(cutoutKey('cutouts/', name, 'png')).toBe(`cutouts/${name}.cutout.png`);
    const longer = `${'ä'.repeat(124)}.jpg`;
    const key = cutoutKey('cutouts/', `folder/${longer}`, 'png');
    expect(key).toMatch(/^cutouts\/folder\/ä+~[0-9a-f]{32}\.cutout\.png$/);
    expect(Buffer.byteLength(key.slice('cutouts/folder/'.length))).toBeLessThanOrEqual(255);
  });

  it('cut long names between graphemes', () => {
    const family = '👩‍👩‍👧‍👦';
    const key = recordKey('records/', `${family.repeat(12)}.jpg`);
    expect(key).toMatch(new RegExp(`^records/(${family})+~[0-9a-f]{32}\\.json$`, 'u'));
  });

  it('drop the folders where the whole key would be too long', () => {
    const input = `${'f'.repeat(200)}/`.repeat(5).concat('cat.jpg');
    expect(Buffer.byteLength(input)).toBeLessThanOrEqual(1024);
    expect(cutoutKey('cutouts/', input, 'png')).toMatch(/^cutouts\/cat\.jpg~[0-9a-f]{32}\.cutout\.png$/);
  });

  it('of an input that imitates a hashed name are not that name', () => {
    const long = 'x'.repeat(255);
    const hashed = recordKey('', long);
    const imitation = hashed.slice(0, -'.json'.length);
    expect(recordKey('', imitation)).not.toBe(hashed);
  });
});

/** Made of the pieces that the naming itself uses, and lengths around the limits. */
const nastySegment = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'x',
        '.json',
        '.cutout.png',
        '.cutout.webp',
        '.mask.png',
        '~',
        `~${'0'.repeat(32)}`,
        'ä',
        '👩‍👩‍👧‍👦',
      ),
      fc.constantFrom('y'.repeat(210), 'y'.repeat(239), 'y'.repeat(240), 'y'.repeat(250)),
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replaceAll('/', '')),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pieces) => pieces.join(''));

const inputKey = fc
  .array(nastySegment, { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join('/'))
  .filter((key) => key !== '' && Buffer.byteLength(key) <= 1024);

const anyOutput = fc.constantFrom(
  (key: string) => cutoutKey('cutouts/', key, 'png'),
  (key: string) => cutoutKey('cutouts/', key, 'webp'),
  (key: string) => maskKey('cutouts/', key, 'png'),
  (key: string) => recordKey('records/', key),
);

/** A second key that is often close to the first: its output, or a relative of it. */
const pairOfKeys = fc
  .tuple(inputKey, inputKey, fc.constantFrom('other', 'output', 'inside output', 'stem'))
  .map(([first, other, relation]) => {
    const output = recordKey('', first);
    const relatives: Record<string, string> = {
      other,
      output,
      'inside output': `${output}/${other}`,
      stem: output.slice(0, -'.json'.length),
    };
    return [first, relatives[relation] ?? other] as const;
  });

describe('output keys of any inputs', () => {
  it('are never shared, and never lie inside one another', () => {
    fc.assert(
      fc.property(pairOfKeys, anyOutput, anyOutput, ([first, second], nameFirst, nameSecond) => {
        const a = nameFirst(first);
        const b = nameSecond(second);
        if (first !== second) expect(a).not.toBe(b);
        expect(b.startsWith(`${a}/`) || a.startsWith(`${b}/`)).toBe(false);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('keep to the limits of names and keys, and to their prefix', () => {
    fc.assert(
      fc.property(inputKey, anyOutput, (key, name) => {
        const output = name(key);
        expect(output).toMatch(/^(cutouts|records)\//);
        expect(Buffer.byteLength(output)).toBeLessThanOrEqual(1024);
        for (const segment of output.split('/')) expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 2000, seed: 2 },
    );
  });
});
