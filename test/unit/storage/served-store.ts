import { join } from 'node:path';
import { pino } from 'pino';
import { createLinkSigner, type LinkSigner, loadOrCreateLinkSecret } from '../../../src/server/links.js';
import { type ServerOptions, startServer } from '../../../src/server/server.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';

export interface ServedStore {
  readonly store: ObjectStore;
  readonly signer: LinkSigner;
  readonly url: string;
  close(): Promise<void>;
}

/** A directory store with one bucket, `uploads`, and the HTTP server that its links lead to. */
export async function serveDirectoryStore(
  root: string,
  overrides: Partial<ServerOptions> = {},
): Promise<ServedStore> {
  let publicUrl = '';
  const secret = await loadOrCreateLinkSecret(join(root, '.clearcut', 'link-secret'));
  const signer = createLinkSigner({ secret, publicUrl: () => publicUrl });
  const store = await createDirectoryStore({ root, links: signer });
  await store.ensureBucket('uploads');
  const server = await startServer({
    store,
    signer,
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
    maxUploadBytes: 64 * 1024 * 1024,
    ready: () => ({ ok: true }),
    ...overrides,
  });
  publicUrl = server.url;
  return { store, signer, url: server.url, close: server.close };
}
