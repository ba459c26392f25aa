import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BenchReport } from '../../src/commands/bench/report.js';
import { createS3Store, type S3Store } from '../../src/storage/s3/store.js';
import { clearcut } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeWith } from './servers/available.js';
import { connectionTo } from './servers/connection.js';
import { startMinio } from './servers/minio.js';
import { startMoto } from './servers/moto.js';

const describeMinio = await describeWith('minio');
const describeMoto = await describeWith('moto');

describeMinio('clearcut bench on MinIO', () => benchOn(startMinio));
describeMoto('clearcut bench on a server like AWS', () => benchOn(startMoto));

function benchOn(start: typeof startMinio | typeof startMoto): void {
  let server: Awaited<ReturnType<typeof start>>;
  let store: S3Store;

  beforeAll(async () => {
    server = await start();
    store = await createS3Store(connectionTo(server));
    await store.ensureBucket('results');
    await store.put('results', 'cutouts/of somebody.cutout.png', Buffer.from('not of the benchmark'));
  });

  afterAll(() => server?.stop());

  async function bench(...args: string[]) {
    const temporary = await temporaryFolder();
    const finished = await clearcut(['bench', '--megapixels', '0.1', '--warmup', '1', '--json', ...args], {
      CLEARCUT_STORE: 's3',
      CLEARCUT_S3_ENDPOINT: server.endpoint,
      CLEARCUT_S3_ACCESS_KEY_ID: server.accessKeyId,
      CLEARCUT_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
      CLEARCUT_MODEL_MAX_SIDE: '256',
      TMPDIR: temporary,
    });
    const folders = (await readdir(temporary)).filter((name) => name.startsWith('clearcut'));
    return { ...finished, folders };
  }

  test('measures the configured bucket, and takes away what it put there and nothing else', async () => {
    const { code, stdout, stderr, folders } = await bench('--images', '5');
    expect(folders).toEqual([]);
    expect(stderr).not.toContain('clearcut:');
    expect(code).toBe(0);
    const { images, setup, stages } = JSON.parse(stdout) as BenchReport;
    expect(images).toMatchObject({ done: 5, failed: 0 });
    expect(setup.store).toBe('s3');
    expect(stages['store']?.mean).toBeGreaterThan(0);
    const left: string[] = [];
    for await (const { key } of store.list('results')) left.push(key);
    expect(left).toEqual(['cutouts/of somebody.cutout.png']);
  });

  test('a bucket that is not there is said, with what to do', async () => {
    const { code, stderr, folders } = await bench('--output-bucket', 'not-there');
    expect(folders).toEqual([]);
    expect(code).toBe(1);
    expect(stderr).toContain('There is no bucket "not-there".\n  → ');
  });
}
