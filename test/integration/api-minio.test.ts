import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawSubject } from '../support/draw.js';
import { clearcut, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { unzip } from '../support/unzip.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, startMinio } from './servers/minio.js';

/** The HTTP API of two replicas on one MinIO: uploads go straight to MinIO with presigned links. */

const TIMEOUT = 240_000;
const TOKEN = 'a-token-for-these-tests';
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

const AWKWARD = [
  'plain.jpg',
  'plain.jpg',
  ' leading and trailing space.jpg ',
  'a+b=c&d.jpg',
  '100%25.jpg',
  'Möbel & Küche.jpg',
  'o\u0308stlich.jpg',
  '椅子.jpg',
  '🪑 chair.jpg',
  '../../etc/passwd',
  '/absolute.jpg',
  'back\\slash.jpg',
  'quote\'d "double" #1?.jpg',
  'tab\tand\nline.jpg',
  '.hidden',
  'x.json',
  'a.cutout.png',
  `${'long'.repeat(250)}.jpg`,
];
const NAMES = Array.from({ length: 100 }, (_, at) => AWKWARD[at] ?? `${AWKWARD[at % AWKWARD.length]} ${at}`);

interface File {
  readonly name: string;
  readonly key: string;
  readonly state: string;
  readonly result?: { readonly url: string; readonly width: number };
}

const describeServers = await describeWith('minio');

describeServers('the HTTP API on MinIO', () => {
  let minio: MinioServer;

  beforeAll(async () => {
    minio = await startMinio();
  });
  afterAll(async () => minio?.stop());

  test(
    'a hundred uploads with awkward names are all done, and two replicas say the same of them',
    async () => {
      const env = {
        CLEARCUT_STORE: 's3',
        CLEARCUT_S3_ENDPOINT: minio.endpoint,
        CLEARCUT_S3_ACCESS_KEY_ID: minio.accessKeyId,
        CLEARCUT_S3_SECRET_ACCESS_KEY: minio.secretAccessKey,
        CLEARCUT_INPUT_BUCKET: 'api-in',
        CLEARCUT_OUTPUT_BUCKET: 'api-out',
        CLEARCUT_EVENTS: 'minio-listen',
        CLEARCUT_API_TOKENS: `shop:upload+read:${TOKEN}`,
        CLEARCUT_MODEL_MAX_SIDE: '256',
        CLEARCUT_PRESET: 'fast',
      };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const replica = async () => {
        const service = await startService(await temporaryFolder(), env);
        return String(service.log().find(({ msg }) => String(msg).startsWith('ready'))?.['server']);
      };
      const [one, other] = await Promise.all([replica(), replica()]);

      const body = JSON.stringify({ files: NAMES.map((name) => ({ name, type: 'image/jpeg' })) });
      const announced = await fetch(`${one}/v1/uploads`, { method: 'POST', headers: HEADERS, body });
      expect(announced.status).toBe(201);
      const { batch, files } = (await announced.json()) as {
        batch: string;
        files: Array<{ key: string; upload: { url: string; headers: Record<string, string> } }>;
      };
      // Begun before the uploads, at the replica that did not announce them.
      const events = fetch(`${other}/v1/batches/${batch}/events`, { headers: HEADERS }).then((answer) =>
        answer.text(),
      );
      for (const [at, { upload }] of files.entries()) {
        const picture = await drawSubject({ width: 200 + at });
        const { status } = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: picture });
        expect(status, NAMES[at]).toBe(200);
      }
      expect(await events).toMatch(/"state":"processing"/);
      expect(await events).toMatch(/event: end\n/);

      const batchAt = async (url: string) => {
        const answer = await fetch(`${url}/v1/batches/${batch}`, { headers: HEADERS });
        return (await answer.json()) as { state: string; version: string; counts: object; files: File[] };
      };
      const [mine, theirs] = [await batchAt(one), await batchAt(other)];
      expect(mine).toMatchObject({ state: 'finished', counts: { total: 100, done: 100 } });
      expect(mine.files.map(({ name }) => name)).toEqual(NAMES);
      expect(theirs.version).toBe(mine.version);
      expect(theirs.files.map(withoutLinks)).toEqual(mine.files.map(withoutLinks));
      for (const at of [0, 1, 9, 17, 99]) {
        const { result } = mine.files[at] ?? expect.fail('there is no such file');
        const picture = await fetch(result?.url ?? '');
        const { width, hasAlpha } = await sharp(await picture.arrayBuffer()).metadata();
        expect({ width, hasAlpha }).toEqual({ width: 200 + at, hasAlpha: true });
      }
      const key = encodeURIComponent(files[11]?.key ?? '');
      const alone = await fetch(`${one}/v1/objects?key=${key}`, { headers: HEADERS });
      expect(withoutLinks((await alone.json()) as File)).toMatchObject({
        name: 'back\\slash.jpg',
        state: 'done',
      });

      const archive = await fetch(`${other}/v1/batches/${batch}/zip`, { headers: HEADERS });
      const zipped = await unzip(
        await temporaryFolder(),
        Readable.fromWeb(archive.body as ReadableStream<Uint8Array>),
      );
      expect(new Set(zipped.map(([name]) => name.toLowerCase())).size).toBe(100);
      expect(zipped.map(([name]) => name)).toEqual(
        expect.arrayContaining(['plain.png', 'plain (2).png', 'passwd.png']),
      );

      // Streamed both ways, of a length that nobody tells the store before.
      const { status, headers } = await fetch(`${other}/v1/remove?format=webp`, {
        method: 'POST',
        headers: { ...HEADERS, 'content-type': 'image/jpeg' },
        body: new Blob([new Uint8Array(await drawSubject({ width: 77 }))]).stream(),
        duplex: 'half',
      } as RequestInit);
      expect([status, headers.get('content-type')]).toEqual([200, 'image/webp']);
    },
    TIMEOUT,
  );
});

function withoutLinks(file: File): unknown {
  return JSON.parse(
    JSON.stringify(file, (name, value) => (name === 'url' || name === 'expiresAt' ? '' : value)),
  );
}
