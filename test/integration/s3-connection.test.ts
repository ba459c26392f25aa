import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { S3ConnectionOptions } from '../../src/storage/s3/client.js';
import { createS3Store } from '../../src/storage/s3/store.js';
import { expectCode } from '../contracts/object-store/store-test.js';
import { describeWith } from './servers/available.js';
import { type Certificates, createCertificates } from './servers/certificates.js';
import { connectionTo } from './servers/connection.js';
import { type MinioServer, startMinio } from './servers/minio.js';

const describeMinio = await describeWith('minio');

describeMinio('connection to MinIO', () => {
  let server: MinioServer;
  const open = (changes: Partial<S3ConnectionOptions> = {}) =>
    createS3Store({ ...connectionTo(server), ...changes });

  beforeAll(async () => {
    server = await startMinio();
    await (await open()).ensureBucket('uploads');
  });

  afterAll(() => server?.stop());

  it('tells a wrong secret, also where the answer has no words', async () => {
    const store = await open({ secretAccessKey: 'not-the-secret' });
    const refused = { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('secret does not fit') };
    await expect(store.head('uploads', 'a')).rejects.toMatchObject(refused);
    await expect(store.ensureBucket('uploads')).rejects.toMatchObject(refused);
    await expect(store.get('uploads', 'a')).rejects.toMatchObject(refused);
    await expect(store.put('uploads', 'a', Buffer.from('a'))).rejects.toMatchObject(refused);
    await expect(store.list('uploads')[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
  });

  it('tells an access key that the server does not know', async () => {
    const store = await open({ accessKeyId: 'nobody' });
    await expect(store.head('uploads', 'a')).rejects.toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      message: `${server.endpoint} does not know the access key.`,
    });
  });

  it('keeps the secret out of what it says', async () => {
    const secretAccessKey = 'a-secret-to-be-kept';
    const store = await open({ secretAccessKey });
    const error = await store.get('uploads', 'a').catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('secret does not fit');
    expect(`${store.description} ${JSON.stringify(error)} ${String(error)}`).not.toContain(secretAccessKey);
  });

  it('tells a missing bucket, also of HEAD', async () => {
    const store = await open();
    await expectCode(store.head('nowhere', 'a'), 'BUCKET_NOT_FOUND');
    expect(await store.head('uploads', 'a')).toBeUndefined();
  });

  it('refuses keys that MinIO cannot keep', async () => {
    const store = await open();
    await expectCode(store.put('uploads', 'a/../b', Buffer.from('a')), 'KEY_INVALID');
    await expectCode(store.put('uploads', '', Buffer.from('a')), 'KEY_INVALID');
    await expectCode(store.put('uploads', 'k'.repeat(1025), Buffer.from('a')), 'KEY_INVALID');
    await expectCode(store.head('uploads', 'lone \ud800'), 'KEY_INVALID');
    await expectCode(store.presignGet('uploads', 'a/../b', { expiresIn: 60 }), 'KEY_INVALID');
  });

  it('goes on after the server was away', async () => {
    const store = await open();
    await store.put('uploads', 'kept', Buffer.from('kept'));
    await server.halt();
    await expect(store.head('uploads', 'kept')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${server.endpoint} cannot be reached: nothing listens there.`,
    });
    await server.resume();
    expect(await store.head('uploads', 'kept')).toMatchObject({ size: 4 });
  });

  it('refuses settings that cannot work', async () => {
    for (const changes of [
      { endpoint: 'http://user:password@127.0.0.1:9000' },
      { publicEndpoint: 'ftp://127.0.0.1' },
      { accessKeyId: '' },
      { secretAccessKey: '' },
      { caFile: '/nowhere/ca.pem' },
    ]) {
      await expectCode(open(changes), 'CONFIG_INVALID');
    }
  });
});

describeMinio('TLS with a private authority', () => {
  let certificates: Certificates;
  let server: MinioServer;

  beforeAll(async () => {
    certificates = await createCertificates();
    server = await startMinio({ certificates: certificates.folder });
  });

  afterAll(async () => {
    await server?.stop();
    await certificates?.remove();
  });

  it('works once its certificate is named', async () => {
    const store = await createS3Store({ ...connectionTo(server), caFile: certificates.caFile });
    await store.ensureBucket('uploads');
    await store.put('uploads', 'a', Buffer.from('content'));
    expect(await store.head('uploads', 'a')).toMatchObject({ size: 7 });
  });

  it('is refused without, and the message says what to set', async () => {
    const store = await createS3Store(connectionTo(server));
    await expect(store.head('uploads', 'a')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+ cannot be trusted: its certificate/),
      remedy: expect.stringContaining('CLEARCUT_S3_CA_FILE'),
    });
  });

  it('takes no file without a certificate', async () => {
    const caFile = join(certificates.folder, 'notes.txt');
    await writeFile(caFile, 'no certificate');
    await expectCode(createS3Store({ ...connectionTo(server), caFile }), 'CONFIG_INVALID');
  });

  it('tells when the address lacks the s', async () => {
    const store = await createS3Store(
      connectionTo({ ...server, endpoint: server.endpoint.replace('https', 'http') }),
    );
    await expect(store.get('uploads', 'a')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      remedy: expect.stringContaining('https://'),
    });
  });
});
