import { describe, expect, test } from 'vitest';
import { DEFAULT_EXCLUDES } from '../../../src/config/schema.js';
import { createKeyFilter, isOwnOutput } from '../../../src/events/filter.js';

const filter = (options: { prefix?: string; include?: string[]; exclude?: string[] } = {}) =>
  createKeyFilter({ prefix: '', include: ['**'], exclude: DEFAULT_EXCLUDES, ...options });

describe('key filter', () => {
  test.each([
    'cat.jpg',
    'no extension',
    'animals/cats/cat 1.JPG',
    'a+b%2Fc.jpg',
    'B\u00e4r.jpg',
    'Ba\u0308r.jpg',
    '\u{1f408}.png',
    '[1].jpg',
    '(1).jpg',
    '{a,b}.jpg',
    '!important.jpg',
    'back\\slash.jpg',
    'line\nbreak.jpg',
    'folder\nwith break/a.jpg',
    'party.tmp/a.jpg',
    'dots..jpg',
    'a~b.jpg',
    'thumbs.db.jpg',
  ])('by default %j is processed', (key) => {
    expect(filter()(key)).toBe(true);
  });

  test.each([
    '.hidden.jpg',
    'a/.hidden.jpg',
    '.git/a.jpg',
    'a/.cache/b/c.jpg',
    '.DS_Store',
    'a/.DS_Store',
    'cat.jpg.part',
    'a/cat.jpg.PARTIAL',
    'cat.jpg.crdownload',
    'cat.tmp',
    '.cat.jpg.swp',
    'cat.swp',
    'cat.jpg~',
    'a/cat.jpg~',
    '~$cat.docx',
    'a/~$cat.docx',
    'Thumbs.db',
    'a/thumbs.db',
    'Desktop.ini',
  ])('by default %j is left alone', (key) => {
    expect(filter()(key)).toBe(false);
  });

  test('patterns match whole keys and ignore letter case', () => {
    const accepts = filter({ include: ['photos/**/*.jpg'], exclude: ['**/draft*'] });
    expect(accepts('photos/2024/IMG_1.JPG')).toBe(true);
    expect(accepts('Photos/img.jpg')).toBe(true);
    expect(accepts('other/photos/img.jpg')).toBe(false);
    expect(accepts('photos/2024/Draft 1.jpg')).toBe(false);
  });

  test('a single * stays within a folder', () => {
    const accepts = filter({ include: ['*.jpg'] });
    expect(accepts('cat.jpg')).toBe(true);
    expect(accepts('a/cat.jpg')).toBe(false);
  });

  test('the prefix is compared exactly, letter case included', () => {
    const accepts = filter({ prefix: 'photos/' });
    expect(accepts('photos/cat.jpg')).toBe(true);
    expect(accepts('Photos/cat.jpg')).toBe(false);
    expect(accepts('photos')).toBe(false);
  });

  test('the empty objects that consoles make for folders are left alone', () => {
    const accepts = createKeyFilter({ prefix: '', include: ['**'], exclude: [] });
    expect(['photos/', 'photos/summer/'].map(accepts)).toEqual([false, false]);
    expect(accepts('photos/cat.jpg')).toBe(true);
  });

  test('without excludes hidden files are processed too', () => {
    expect(filter({ exclude: [] })('a/.hidden/b.jpg')).toBe(true);
  });

  test('without includes nothing is processed', () => {
    expect(filter({ include: [] })('cat.jpg')).toBe(false);
  });
});

describe('recursion guard', () => {
  const output = { bucket: 'photos', prefixes: ['cutouts/', 'b\u00e4r/'] };

  test('what lies under an output prefix of the output bucket is own output', () => {
    expect(isOwnOutput({ bucket: 'photos', key: 'cutouts/cat.jpg.cutout.png' }, output)).toBe(true);
  });

  test('another bucket, another folder and the name of the folder alone are not', () => {
    expect(isOwnOutput({ bucket: 'uploads', key: 'cutouts/cat.png' }, output)).toBe(false);
    expect(isOwnOutput({ bucket: 'photos', key: 'my/cutouts/cat.png' }, output)).toBe(false);
    expect(isOwnOutput({ bucket: 'photos', key: 'cutouts.png' }, output)).toBe(false);
  });

  test('a folder that only a case- or form-insensitive file system takes for the same is own output', () => {
    expect(isOwnOutput({ bucket: 'photos', key: 'Cutouts/cat.png' }, output)).toBe(true);
    expect(isOwnOutput({ bucket: 'photos', key: 'BA\u0308R/cat.png' }, output)).toBe(true);
  });

  test('an empty prefix makes the whole bucket own output', () => {
    expect(isOwnOutput({ bucket: 'photos', key: 'cat.png' }, { bucket: 'photos', prefixes: [''] })).toBe(
      true,
    );
  });
});
