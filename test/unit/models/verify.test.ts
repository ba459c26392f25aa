import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureModel } from '../../../src/models/prepare.js';
import { addModelFile } from '../../../src/models/pull.js';
import { cachedFiles, verifyCache } from '../../../src/models/verify.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, FLOAT32, filesBelow, MODEL_ID, urlSource } from './catalogues.js';
import { damage } from './damage.js';
import { networkBytes } from './network.js';

const FOLDER = join('models', MODEL_ID);
const BYTES = networkBytes(1);
const CATALOGUE = catalogueOf(urlSource('http://127.0.0.1:1/', BYTES));

it('finds every file of a healthy cache intact and removes none', async () => {
  const cacheDir = await filledCache();
  const before = await filesBelow(cacheDir);
  expect(await verifyCache({ cacheDir, catalogue: CATALOGUE })).toEqual(
    ['fp32', 'fp32-8', 'source'].map((name) => ({
      model: MODEL_ID,
      name,
      file: join(cacheDir, FOLDER, `${name}.onnx`),
      status: 'intact',
    })),
  );
  expect(await filesBelow(cacheDir)).toEqual(before);
});

it('finds damaged files, removes them and leaves the others', async () => {
  const cacheDir = await filledCache();
  await damage(join(cacheDir, FOLDER, 'fp32-8.onnx'));
  expect(await statuses(cacheDir)).toEqual({ fp32: 'intact', 'fp32-8': 'damaged', source: 'intact' });
  expect(await cachedFiles({ cacheDir, id: MODEL_ID })).toEqual(['fp32', 'source']);
  expect(await statuses(cacheDir)).toEqual({ fp32: 'intact', source: 'intact' });
});

it('takes a file without a manifest for damaged', async () => {
  const cacheDir = await filledCache();
  await rm(join(cacheDir, FOLDER, 'source.json'));
  expect(await statuses(cacheDir)).toMatchObject({ source: 'damaged' });
});

it('lists what the cache has of a model, whatever else lies there', async () => {
  const cacheDir = await filledCache();
  await writeFile(join(cacheDir, FOLDER, 'notes.txt'), 'mine');
  expect(await cachedFiles({ cacheDir, id: MODEL_ID })).toEqual(['fp32', 'fp32-8', 'source']);
});

it('finds nothing in an empty cache and makes nothing there', async () => {
  const cacheDir = await temporaryFolder();
  expect(await verifyCache({ cacheDir, catalogue: CATALOGUE })).toEqual([]);
  expect(await cachedFiles({ cacheDir, id: MODEL_ID })).toEqual([]);
  expect(await readdir(cacheDir)).toEqual([]);
});

async function filledCache(): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, 'mine.onnx');
  await writeFile(file, BYTES);
  const cacheDir = join(folder, 'cache');
  const options = { id: MODEL_ID, cacheDir, catalogue: CATALOGUE, sourceUrl: '', onProgress: () => {} };
  await addModelFile({ ...options, file });
  for (const maxSide of [8, 2048]) await ensureModel({ ...options, ...FLOAT32, maxSide });
  return cacheDir;
}

async function statuses(cacheDir: string): Promise<Record<string, string>> {
  const files = await verifyCache({ cacheDir, catalogue: CATALOGUE });
  return Object.fromEntries(files.map(({ name, status }) => [name, status]));
}
