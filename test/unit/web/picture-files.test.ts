import { describe, expect, it } from 'vitest';
import { partsOf, pastedName, savedName, sortFiles } from '../../../web/ui/picture-files.js';

const file = (name: string, type = '', size = 10) => ({ name, type, size });

describe('files that are dropped', () => {
  it('are pictures by their type or their name, in their order', () => {
    const files = [file('a.jpg', 'image/jpeg'), file('b.HEIC'), file('c', 'image/png'), file('d.tiff')];
    expect(sortFiles(files)).toEqual({ pictures: files, refused: [] });
  });

  it('are left out with the reason', () => {
    const files = [
      file('notes.txt', 'text/plain'),
      file('logo.svg', 'image/svg+xml'),
      file('empty.jpg', 'image/jpeg', 0),
    ];
    expect(sortFiles(files)).toEqual({
      pictures: [],
      refused: [
        { name: 'notes.txt', reason: 'not a picture' },
        { name: 'logo.svg', reason: 'SVG drawings are not taken' },
        { name: 'empty.jpg', reason: 'the file is empty' },
      ],
    });
  });

  it('are left out without a word where a system put them there', () => {
    expect(sortFiles([file('.DS_Store'), file('Thumbs.db'), file('._a.jpg', 'image/jpeg')])).toEqual({
      pictures: [],
      refused: [],
    });
  });
});

it('gives pictures from the clipboard names that differ', () => {
  expect(pastedName('image.png', 3)).toBe('pasted-3.png');
  expect(pastedName('holiday.png', 3)).toBe('holiday.png');
});

it('cuts a list into parts', () => {
  expect(partsOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(partsOf([], 2)).toEqual([]);
});

it.each([
  ['photo.jpg', 'image/png', 'photo.png'],
  ['photo.tar.heic', 'image/webp', 'photo.tar.webp'],
  ['.hidden', 'image/avif', '.hidden.avif'],
  ['no ending', 'image/jpeg', 'no ending.jpg'],
  ['photo.jpg', 'image/other', 'photo'],
])('saves the result of %s as %s under the name %s', (name, contentType, saved) => {
  expect(savedName(name, { contentType })).toBe(saved);
});

it('saves a mask beside its cut-out', () => {
  expect(savedName('photo.jpg', { contentType: 'image/png' }, ' mask')).toBe('photo mask.png');
});
