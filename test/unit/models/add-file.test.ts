import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureModel } from '../../../src/models/prepare.js';
import { addModelFile, pullModel } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, FLOAT32, filesBelow, hexOf, MODEL_ID, urlSource } from './catalogues.js';
import { networkBytes } from './network.js';

const RIGHT = networkBytes(1);
const WRONG = networkBytes(2);

describe('addModelFile', () => {
  it('takes a copy of the right file, and the model needs no network from then on', async () => {
    const options = await withFile(RIGHT);
    const added = await addModelFile(options);
    expect(added).toMatchObject({
      wasFetched: true,
      manifest: { sha256: hexOf('sha256', RIGHT), from: `file ${options.file}` },
    });
    expect((await readFile(options.file)).equals(RIGHT)).toBe(true);
    // Its only source is an address where nobody listens.
    expect(await pullModel(options)).toEqual({ ...added, wasFetched: false });
    expect((await ensureModel({ ...options, ...FLOAT32, maxSide: 2048 })).wasPrepared).toBe(true);
  });

  it('refuses another file and keeps no copy of it', async () => {
    const options = await withFile(WRONG);
    await expect(addModelFile(options)).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
      message: expect.stringContaining(options.file),
    });
    expect(await filesBelow(options.cacheDir)).toEqual([]);
    expect((await readFile(options.file)).equals(WRONG)).toBe(true);
  });

  it('leaves what is in the cache when it refuses a file', async () => {
    const options = await withFile(RIGHT);
    const { file } = await addModelFile(options);
    await writeFile(options.file, WRONG);
    await expect(addModelFile(options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM_MISMATCH' });
    expect((await readFile(file)).equals(RIGHT)).toBe(true);
    expect((await pullModel(options)).wasFetched).toBe(false);
  });

  it('says which file it cannot find', async () => {
    const options = await withFile(RIGHT);
    const file = `${options.file}.missing`;
    await expect(addModelFile({ ...options, file })).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: expect.stringContaining(file),
    });
  });

  it('says that a folder is no file', async () => {
    const options = await withFile(RIGHT);
    const file = join(options.file, '..', 'folder');
    await mkdir(file);
    await expect(addModelFile({ ...options, file })).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: expect.stringContaining(file),
    });
  });

  it('takes files for models of the catalogue only', async () => {
    await expect(addModelFile({ ...(await withFile(RIGHT)), id: 'other' })).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
    });
  });
});

/** A file with these bytes, and a catalogue that knows the right ones. */
async function withFile(bytes: Buffer) {
  const folder = await temporaryFolder();
  const file = join(folder, 'mine.onnx');
  await writeFile(file, bytes);
  return {
    id: MODEL_ID,
    cacheDir: join(folder, 'cache'),
    catalogue: catalogueOf(urlSource('http://127.0.0.1:1/', RIGHT)),
    sourceUrl: '',
    onProgress: () => {},
    file,
  };
}
