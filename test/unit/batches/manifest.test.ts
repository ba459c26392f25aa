import { expect, it } from 'vitest';
import { createAreas } from '../../../src/batches/areas.js';
import { createManifests } from '../../../src/batches/manifest.js';
import { createLayer } from '../../../src/options/layers.js';
import { optionsOf } from '../../../src/pipeline/object-options.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ID = 'a'.repeat(26);
const KEY = `batches/${ID}/0001-a.png`;

async function open(options?: Record<string, string>) {
  const store = await createDirectoryStore({ root: await temporaryFolder() });
  await store.ensureBucket('uploads');
  await store.ensureBucket('results');
  const areas = createAreas('', 'api/');
  const manifests = createManifests(store, 'results', areas);
  const files = [{ key: KEY, name: 'a.png', ...(options && { options }) }];
  await manifests.write({ id: ID, createdAt: new Date().toISOString(), files });
  // Another process, which has read nothing yet.
  return { store, areas, manifests: createManifests(store, 'results', areas) };
}

it('holds between the configuration and what the upload itself says', async () => {
  const { store, manifests } = await open({ format: 'webp', quality: '50' });
  const configured = createLayer({ format: 'avif', quality: '90', edges: 'hard' }, (name) => name);
  const policy = { layersFor: () => [configured], announced: manifests.optionsOf, readTags: false };
  const metadata = { 'clearcut-quality': '70' };
  const head = await store.put('uploads', KEY, Buffer.from('x'), { metadata });
  const { changed } = await optionsOf('uploads', head, store, policy);
  expect(changed).toEqual({ format: 'webp', quality: '70', edges: 'hard' });
});

it('says nothing of other uploads, nor of a batch that nobody announced', async () => {
  const { manifests } = await open({ format: 'webp' });
  expect(await manifests.optionsOf('photo.png')).toBeUndefined();
  expect(await manifests.optionsOf(`batches/${ID}/0002-b.png`)).toBeUndefined();
  expect(await manifests.optionsOf(`batches/${'b'.repeat(26)}/0001-a.png`)).toBeUndefined();
});

it('is never written over', async () => {
  const { manifests } = await open();
  const again = manifests.write({ id: ID, createdAt: new Date().toISOString(), files: [] });
  await expect(again).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
});

it('counts as none where it is damaged', async () => {
  const { store, areas, manifests } = await open();
  await store.put('results', areas.manifestKey(ID), Buffer.from('{"id":'));
  expect(await manifests.read(ID)).toBeUndefined();
});
