import { describe, expect, it } from 'vitest';
import { isBucketName, keyProblem, segmentsOf } from '../../../src/storage/directory/paths.js';

describe('keys as paths', () => {
  it.each([
    ['', 'is empty'],
    ['/a', 'starts or ends with'],
    ['a/', 'starts or ends with'],
    ['a//b', 'starts or ends with'],
    ['.', 'contains the segment "."'],
    ['a/./b', 'contains the segment "."'],
    ['..', 'contains the segment ".."'],
    ['a/../../b', 'contains the segment ".."'],
    ['a\0b', 'NUL'],
    ['lone \ud800 surrogate', 'not valid Unicode'],
    ['x'.repeat(256), 'segment of more than 255 bytes'],
    ['ä'.repeat(128), 'segment of more than 255 bytes'],
    [`${'x'.repeat(250)}/`.repeat(5), 'more than 1024'],
  ])('%j is refused', (key, problem) => {
    expect(keyProblem(key, 'linux')).toContain(problem);
    expect(() => segmentsOf('bucket', key, 'linux')).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', bucket: 'bucket', key }),
    );
  });

  it.each(['a', '...', '.hidden', '..a/a..', 'a\\b', 'con', 'a:b', 'x'.repeat(255), 'a b/ä/🦊'])(
    '%j is a path',
    (key) => {
      expect(segmentsOf('bucket', key, 'linux').join('/')).toBe(key);
    },
  );

  it.each([
    'a\\..\\b',
    'C:/x',
    'a:stream',
    'con',
    'folder/NUL.txt',
    'COM1',
    'trailing.',
    'trailing /x',
    'a?b',
    'a\nb',
  ])('%j is refused on Windows', (key) => {
    expect(keyProblem(key, 'win32')).toContain('Windows');
  });

  it.each(['console.png', 'a.b', '.hidden', 'ä (1).png'])('%j is a path on Windows too', (key) => {
    expect(keyProblem(key, 'win32')).toBeUndefined();
  });
});

describe('bucket names', () => {
  it.each(['abc', 'my-uploads', '0.9', 'a'.repeat(63)])('%s is one', (name) => {
    expect(isBucketName(name)).toBe(true);
  });

  it.each([
    '',
    'ab',
    '.clearcut',
    'abc.',
    '..',
    'a..b',
    'Uploads',
    'a/b',
    'a\\b',
    'a_b',
    'abc\n',
    'a'.repeat(64),
  ])('%j is none', (name) => {
    expect(isBucketName(name)).toBe(false);
  });
});
