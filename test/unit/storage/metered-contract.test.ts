import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { describeObjectStore } from '../../contracts/object-store.js';
import { serveDirectoryStore } from './served-store.js';

describeObjectStore('directory, metered', {
  create: async () => {
    const root = await mkdtemp(join(tmpdir(), 'clearcut-'));
    const { store, close } = await serveDirectoryStore(root);
    return {
      store: createMetrics().meterStore(store, 'directory'),
      bucket: 'uploads',
      close: async () => {
        await close();
        await rm(root, { recursive: true, force: true });
      },
    };
  },
  lacks: { 'key inside a key': 'a file system has no file that is a folder as well' },
});
