import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Store, type S3Store } from '../../src/storage/s3/store.js';
import { collect, expectCode } from '../contracts/object-store/store-test.js';
import { describeWith } from './servers/available.js';
import { connectionTo } from './servers/connection.js';
import { type MinioServer, startMinio } from './servers/minio.js';

const describeMinio = await describeWith('minio');

const MiB = 1024 * 1024;

/** What only S3 has, beyond the contract of every store. MinIO checks every signature. */
describeMinio('S3 on MinIO', () => {
  let server: MinioServer;
  let store: S3Store;

  beforeAll(async () => {
    server = await startMinio();
    store = await createS3Store(connectionTo(server));
    await store.ensureBucket('uploads');
  });

  afterAll(() => server?.stop());

  describe('upload forms', () => {
    async function send(key: string, body: string, options: { maxBytes?: number; contentType?: string }) {
      const { url, fields } = await store.presignPost('uploads', key, { expiresIn: 60, ...options });
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      form.set('file', new Blob([body]));
      return { url, form };
    }

    it('upload to one key', async () => {
      const key = 'form/Füße + 1.png';
      const { url, form } = await send(key, 'content', { contentType: 'image/png' });
      expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204);
      expect(await store.head('uploads', key)).toMatchObject({ size: 7, contentType: 'image/png' });
    });

    it('keep to the size', async () => {
      const { url, form } = await send('form/large', 'x'.repeat(11), { maxBytes: 10 });
      expect((await fetch(url, { method: 'POST', body: form })).status).toBe(400);
      expect(await store.head('uploads', 'form/large')).toBeUndefined();
      const exact = await send('form/large', 'x'.repeat(10), { maxBytes: 10 });
      expect((await fetch(exact.url, { method: 'POST', body: exact.form })).status).toBe(204);
    });

    it.each([
      ['content type', 'Content-Type', 'text/html'],
      ['key', 'key', 'form/another'],
    ])('keep to the %s', async (_what, field, value) => {
      const { url, form } = await send('form/kept', 'content', { contentType: 'image/png' });
      form.set(field, value);
      // The file is the last field of such a form.
      const file = form.get('file');
      form.delete('file');
      if (file !== null) form.set('file', file);
      expect((await fetch(url, { method: 'POST', body: form })).status).toBe(403);
      expect(await store.head('uploads', 'form/kept')).toBeUndefined();
      expect(await store.head('uploads', 'form/another')).toBeUndefined();
    });

    it('work for a second at least and for seven days at most', async () => {
      for (const expiresIn of [0, 604_801]) {
        await expectCode(store.presignPost('uploads', 'a', { expiresIn }), 'CONFIG_INVALID');
      }
    });

    it('cannot have a key that servers would change', async () => {
      const key = `form/$${'{filename}'}`;
      await expectCode(store.presignPost('uploads', key, { expiresIn: 60 }), 'KEY_INVALID');
    });
  });

  describe('links', () => {
    it('to write can fix the length', async () => {
      const { url } = await store.presignPut('uploads', 'length', { expiresIn: 60, contentLength: 10 });
      expect((await fetch(url, { method: 'PUT', body: 'x'.repeat(11) })).status).toBe(403);
      expect(await store.head('uploads', 'length')).toBeUndefined();
      expect((await fetch(url, { method: 'PUT', body: 'x'.repeat(10) })).ok).toBe(true);
    });

    it('to write never pretend to limit the size', async () => {
      await expectCode(store.presignPut('uploads', 'a', { expiresIn: 60, maxBytes: 10 }), 'CONFIG_INVALID');
    });

    it('are signed for the public address', async () => {
      const { port } = new URL(server.endpoint);
      const publicEndpoint = `http://localhost:${port}`;
      const behind = await createS3Store({ ...connectionTo(server), publicEndpoint });
      await behind.put('uploads', 'public', Buffer.from('content'));
      const { url } = await behind.presignGet('uploads', 'public', { expiresIn: 60 });
      expect(url.startsWith(`${publicEndpoint}/uploads/public?`)).toBe(true);
      expect(await (await fetch(url)).text()).toBe('content');
      // The host is part of the signature.
      expect((await fetch(url.replace('localhost', '127.0.0.1'))).status).toBe(403);
    });
  });

  describe('long streams', () => {
    const chunks = Array.from({ length: 20 }, (_, index) => Buffer.alloc(MiB, index));
    const uploadsUnderWay = async () => {
      const { endpoint, region, accessKeyId, secretAccessKey } = server;
      const credentials = { accessKeyId, secretAccessKey };
      const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
      // MinIO lists the parts of one key at a time.
      const { Uploads } = await client.send(
        new ListMultipartUploadsCommand({ Bucket: 'uploads', Prefix: 'long/broken' }),
      );
      return Uploads ?? [];
    };

    it('arrive whole, with the ETag that HEAD tells', async () => {
      const stored = await store.put('uploads', 'long/a', Readable.from(chunks), {
        contentType: 'image/png',
        metadata: { source: 'stream' },
      });
      expect(stored).toMatchObject({
        size: 20 * MiB,
        contentType: 'image/png',
        metadata: { source: 'stream' },
      });
      const { head, body } = await store.get('uploads', 'long/a');
      expect(head.etag).toBe(stored.etag);
      expect((await buffer(body)).equals(Buffer.concat(chunks))).toBe(true);
      await store.put('uploads', 'long/a', Buffer.from('replaced'), { ifMatch: stored.etag });
      expect(await store.head('uploads', 'long/a')).toMatchObject({ size: 8 });
    });

    it('heed conditions', async () => {
      await store.put('uploads', 'long/b', Buffer.from('first'));
      const pending = store.put('uploads', 'long/b', Readable.from(chunks), { ifNoneMatch: '*' });
      await expectCode(pending, 'PRECONDITION_FAILED');
      expect(await store.head('uploads', 'long/b')).toMatchObject({ size: 5 });
    });

    it('that break off leave no parts behind', async () => {
      const broken = Readable.from(
        (async function* () {
          yield* chunks;
          throw new Error('the upload broke off');
        })(),
      );
      await expect(store.put('uploads', 'long/broken', broken)).rejects.toThrow('the upload broke off');
      expect(await store.head('uploads', 'long/broken')).toBeUndefined();
      expect(await uploadsUnderWay()).toEqual([]);
    });

    it('beyond the limit are refused', async () => {
      const pending = store.put('uploads', 'long/c', Readable.from(chunks), { maxBytes: 20 * MiB - 1 });
      await expectCode(pending, 'IMAGE_TOO_MANY_BYTES');
      expect(await store.head('uploads', 'long/c')).toBeUndefined();
    });
  });

  it('lists keys that XML cannot carry', async () => {
    const keys = ['odd/\u0001control', 'odd/\ufffe', 'odd/a\nb', 'odd/ leading', 'odd/trailing '];
    for (const key of keys) await store.put('uploads', key, Buffer.from('x'));
    const listed = await collect(store.list('uploads', { prefix: 'odd/' }));
    expect(listed.map(({ key }) => key).sort()).toEqual([...keys].sort());
  });
});
