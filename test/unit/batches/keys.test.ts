import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_ID, createAreas, newBatchId } from '../../../src/batches/areas.js';
import { fileNameFor } from '../../../src/batches/file-name.js';
import { keyProblem } from '../../../src/storage/directory/paths.js';
import { recordKey } from '../../../src/storage/keys.js';

const anyName = fc.string({ unit: 'binary', minLength: 0, maxLength: 300 });

describe('the name of a file in its key', () => {
  it('is one that every store and file system takes, whatever the file is called', () => {
    fc.assert(
      fc.property(anyName, fc.nat(999), (name, at) => {
        const made = fileNameFor(name, at);
        expect(made).toMatch(/^\d{4}-[A-Za-z0-9_][A-Za-z0-9._-]*$/);
        expect(made.length).toBeLessThanOrEqual(105);
        for (const platform of ['linux', 'win32'] as const)
          expect(keyProblem(made, platform)).toBeUndefined();
      }),
    );
  });

  it('tells files of one batch apart, also where they are called the same', () => {
    fc.assert(
      fc.property(anyName, fc.nat(999), fc.nat(999), (name, one, other) => {
        fc.pre(one !== other);
        expect(fileNameFor(name, one)).not.toBe(fileNameFor(name, other));
      }),
    );
  });

  it.each([
    ['photo.jpg', '0001-photo.jpg'],
    ['Möbel & Küche.JPG', '0001-Mobel-Kuche.JPG'],
    ['../../etc/passwd', '0001-etc-passwd'],
    ['.hidden', '0001-hidden'],
    ['日本語.png', '0001-png'],
    [' ', '0001-file'],
    [`${'a'.repeat(500)}.jpeg`, `0001-${'a'.repeat(95)}.jpeg`],
  ])('%j becomes %s', (name, made) => {
    expect(fileNameFor(name, 0)).toBe(made);
  });
});

describe('areas', () => {
  const areas = createAreas('in/', 'api/');

  it('find the batch of every key that they give out, and of no other', () => {
    fc.assert(
      fc.property(anyName, fc.nat(999), (name, at) => {
        const id = newBatchId();
        const key = `${areas.batchFolder(id)}${fileNameFor(name, at)}`;
        expect(areas.batchOf(key)).toBe(id);
        expect(areas.isUpload(key)).toBe(true);
        // One listing has the records of a whole batch.
        expect(recordKey('records/', key).startsWith(`records/${areas.batchFolder(id)}`)).toBe(true);
      }),
    );
    const id = newBatchId();
    for (const key of [
      'in/x.png',
      `batches/${id}/x`,
      `in/batches/${id}`,
      `in/batches/${id}/x/y`,
      'in/batches/short/x',
    ])
      expect(areas.batchOf(key)).toBeUndefined();
  });

  it('give every batch an id of its own', () => {
    const ids = Array.from({ length: 1_000 }, newBatchId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(BATCH_ID);
    expect(areas.requestKey('png')).not.toBe(areas.requestKey('png'));
    expect(areas.isUpload(areas.requestKey('png'))).toBe(true);
  });
});
