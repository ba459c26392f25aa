import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOrCreateLinkSecret } from '../../../src/server/links.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('the link secret', () => {
  it('is made once, of 32 random bytes', async () => {
    const folder = join(await temporaryFolder(), 'new', 'folder');
    const first = await loadOrCreateLinkSecret(join(folder, 'secret'));
    expect(first).toHaveLength(32);
    expect(await loadOrCreateLinkSecret(join(folder, 'secret'))).toEqual(first);
    expect(await loadOrCreateLinkSecret(join(folder, 'other'))).not.toEqual(first);
    expect(await readdir(folder)).toEqual(['other', 'secret']);
  });

  it('is the same for all that start at once', async () => {
    const path = join(await temporaryFolder(), 'secret');
    const secrets = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateLinkSecret(path)));
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
  });

  it.skipIf(process.platform === 'win32')('can be read by nobody else', async () => {
    const path = join(await temporaryFolder(), 'secret');
    await loadOrCreateLinkSecret(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.skipIf(process.platform === 'win32').each([0o644, 0o640, 0o604, 0o620])(
    'is refused when others have permissions on it (%o)',
    async (mode) => {
      const path = join(await temporaryFolder(), 'secret');
      await loadOrCreateLinkSecret(path);
      await chmod(path, mode);
      await expect(loadOrCreateLinkSecret(path)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        remedy: expect.stringContaining('chmod 600'),
      });
    },
  );

  it.each([0, 31, 33])('is refused when the file has %d bytes', async (length) => {
    const path = join(await temporaryFolder(), 'secret');
    await writeFile(path, Buffer.alloc(length), { mode: 0o600 });
    await expect(loadOrCreateLinkSecret(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
