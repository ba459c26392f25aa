import { expect } from 'vitest';
import { createS3Store } from '../../src/storage/s3/store.js';
import { describeObjectStore } from '../contracts/object-store.js';
import { describeWith } from './servers/available.js';
import { connectionTo } from './servers/connection.js';
import { startMinio } from './servers/minio.js';
import { startMoto } from './servers/moto.js';
import { startWithoutConditions } from './servers/without-conditions.js';

const describeMinio = await describeWith('minio');
const describeMoto = await describeWith('moto');

const NO_LIMIT = 'S3 signs no upper limit into a PUT link; upload forms have one';
const NO_SIGNATURES = 'moto checks no signature';
const MOTO_LACKS = {
  'maxBytes of upload links': NO_LIMIT,
  'contentType of upload links': NO_SIGNATURES,
  'checked links': NO_SIGNATURES,
};

describeMinio('MinIO', () => {
  describeObjectStore('s3', {
    create: async () => {
      const server = await startMinio();
      const store = await createS3Store(connectionTo(server));
      await store.ensureBucket('uploads');
      return { store, bucket: 'uploads', close: () => server.stop() };
    },
    lacks: { 'maxBytes of upload links': NO_LIMIT },
  });
});

describeMoto('moto', () => {
  describeObjectStore('s3', {
    create: async () => {
      const server = await startMoto();
      const store = await createS3Store(connectionTo(server));
      await store.ensureBucket('uploads');
      return { store, bucket: 'uploads', close: () => server.stop() };
    },
    lacks: MOTO_LACKS,
  });
});

describeMoto('a server that ignores conditions', () => {
  describeObjectStore('s3', {
    create: async () => {
      const server = await startMoto();
      const proxy = await startWithoutConditions(server.endpoint);
      const warnings: string[] = [];
      const store = await createS3Store({
        ...connectionTo({ ...server, endpoint: proxy.endpoint }),
        onWarning: (message) => warnings.push(message),
      });
      await store.ensureBucket('uploads');
      const close = async () => {
        await proxy.stop();
        await server.stop();
        // One for each kind of condition, however many writes there were.
        expect(warnings).toEqual([
          expect.stringContaining('does not heed If-None-Match'),
          expect.stringContaining('does not heed If-Match'),
        ]);
      };
      return { store, bucket: 'uploads', close };
    },
    lacks: MOTO_LACKS,
  });
});
