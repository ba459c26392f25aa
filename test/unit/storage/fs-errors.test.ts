import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { guard, toStoreError } from '../../../src/storage/directory/fs-errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: some reason, ${syscall} '/home/someone/secret-folder/file'`), {
    code,
    syscall,
  });
}

describe('errors of the file system', () => {
  it.each([
    ['ENOSPC', 'write', 'full'],
    ['EDQUOT', 'write', 'quota'],
    ['EROFS', 'open', 'read-only'],
    ['EACCES', 'open', 'permission'],
    ['EPERM', 'unlink', 'permission'],
    ['EPERM', 'link', 'hard links'],
    ['EXDEV', 'rename', 'one file system'],
    ['EMFILE', 'open', 'ulimit'],
    ['EIO', 'read', 'EIO'],
  ])('%s of %s says what to do and shows no path', (code, syscall, hint) => {
    const error = toStoreError(systemError(code, syscall), { bucket: 'uploads', key: 'a' }) as ClearcutError;
    expect(error).toBeInstanceOf(ClearcutError);
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      bucket: 'uploads',
      key: 'a',
      permanence: 'transient',
    });
    expect(`${error.message} ${error.remedy}`).toContain(hint);
    expect(`${error.message} ${error.remedy}`).not.toContain('secret-folder');
  });

  it('of real calls are recognised', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'inside'));
    await expect(guard({}, () => readFile(folder))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(guard({}, () => readdir(folder))).resolves.toEqual(['inside']);
  });

  it('leave other errors as they are', () => {
    const mistake = new TypeError('a mistake');
    expect(toStoreError(mistake, {})).toBe(mistake);
    const own = new ClearcutError('KEY_INVALID', 'x');
    expect(toStoreError(own, {})).toBe(own);
  });
});
