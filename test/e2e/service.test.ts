import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { drawSubject } from '../support/draw.js';
import { clearcut, filesBelow, readJson, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

/**
 * The whole service as a user runs it: the compiled command line with the real model, on a folder. The smallest side
 * keeps it quick; that the pictures are right at full size is tested elsewhere.
 */
const QUICK = { CLEARCUT_MODEL_MAX_SIDE: '256', CLEARCUT_RETRY_MIN: '100ms' };
const TIMEOUT = 120_000;

async function put(root: string, key: string, bytes: Uint8Array): Promise<void> {
  const file = join(root, 'uploads', key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

const outcomes = async (root: string) => ({
  cutouts: await filesBelow(join(root, 'results', 'cutouts')),
  records: await filesBelow(join(root, 'results', 'records')),
  deadLetters: await filesBelow(join(root, 'results', 'dead-letters')),
});

const KEYS = [
  'plain.jpg',
  'with space.png',
  'a+b=c.webp',
  '100%.jpg',
  '100%25.jpg',
  'Möbel & Küche.png',
  'o\u0308stlich.jpg',
  '椅子.avif',
  '🪑 chair.jpg',
  'sub/folder/deep.tiff',
  "quote'd #1?.gif",
  `${'long'.repeat(60)}.jpg`,
];

function formatOf(key: string): 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif' {
  const extension = key.slice(key.lastIndexOf('.') + 1);
  return extension === 'jpg' ? 'jpeg' : (extension as 'png');
}

// npx runs it by its name, and takes care of the permission only the first time that it sees the folder.
test.skipIf(process.platform === 'win32')('the command line can be run as a program', async () => {
  const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const { stdout } = await promisify(execFile)(program, ['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

describe('clearcut run', () => {
  test(
    'gives every image a cut-out, a record and a link, and every bad file a dead letter',
    async () => {
      const root = await temporaryFolder();
      const service = await startService(root, QUICK);
      for (const key of KEYS) await put(root, key, await drawSubject({ format: formatOf(key) }));
      const jpeg = await drawSubject({ width: 900, height: 600 });
      await put(root, 'text.jpg', Buffer.from('I am no picture.'));
      await put(root, 'cut short.jpg', jpeg.subarray(0, jpeg.length / 2));
      await put(root, 'drawing.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
      await put(root, 'bomb.png', await forgedSize(await drawSubject({ format: 'png' }), 65_000));

      await until(async () => (await outcomes(root)).records.length === KEYS.length);
      await until(async () => (await outcomes(root)).deadLetters.length === 4);
      expect((await outcomes(root)).cutouts).toHaveLength(KEYS.length);

      for (const key of KEYS) {
        const { code, stdout } = await clearcut(['link', key], linkEnvironment(root, service.log()));
        expect(code).toBe(0);
        const response = await fetch(stdout.trim());
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('image/png');
        const picture = await sharp(await response.arrayBuffer()).metadata();
        expect(picture).toMatchObject({ width: 240, height: 160, hasAlpha: true });
      }
      const reasons = await Promise.all(
        (await outcomes(root)).deadLetters.map(async (name) => {
          const letter = await readJson(join(root, 'results', 'dead-letters', name));
          return [name, (letter['error'] as { code: string }).code];
        }),
      );
      expect(Object.fromEntries(reasons)).toEqual({
        'bomb.png.json': 'IMAGE_TOO_MANY_PIXELS',
        'cut short.jpg.json': 'IMAGE_CORRUPT',
        'drawing.svg.json': 'FORMAT_UNSUPPORTED',
        'text.jpg.json': 'FORMAT_UNSUPPORTED',
      });
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );

  test(
    'killed outright in the middle of 30 images, it goes on at the next start: one result for each',
    async () => {
      const root = await temporaryFolder();
      const first = await startService(root, QUICK);
      const keys = Array.from({ length: 30 }, (_, at) => `image ${at}.jpg`);
      for (const [at, key] of keys.entries()) await put(root, key, await drawSubject({ width: 200 + at }));
      await until(async () => (await outcomes(root)).records.length >= 7);
      await first.stop('SIGKILL');
      expect((await outcomes(root)).records.length).toBeLessThan(30);

      const second = await startService(root, QUICK);
      await until(async () => (await outcomes(root)).records.length === 30);
      // Nothing comes after: what was done is not done again.
      expect(await second.stop('SIGTERM')).toBe(0);
      const { cutouts, records, deadLetters } = await outcomes(root);
      expect(cutouts).toEqual(keys.map((key) => `${key}.cutout.png`).sort());
      expect(records).toEqual(keys.map((key) => `${key}.json`).sort());
      expect(deadLetters).toEqual([]);
      for (const [at, key] of keys.entries()) {
        const file = join(root, 'results', 'cutouts', `${key}.cutout.png`);
        const { info } = await sharp(file, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
        expect(info).toMatchObject({ width: 200 + at, channels: 4 });
      }
      const { stdout } = await clearcut(['status', '--json'], { CLEARCUT_ROOT: root });
      expect(JSON.parse(stdout)).toEqual({ done: 30, dead: 0, pending: 0 });
    },
    TIMEOUT,
  );

  test(
    'a second service on the same folder is refused',
    async () => {
      const root = await temporaryFolder();
      await startService(root, QUICK);
      const { code, stderr } = await clearcut(['run'], {
        ...QUICK,
        CLEARCUT_ROOT: root,
        CLEARCUT_HTTP_PORT: '0',
      });
      expect(code).toBe(1);
      expect(stderr).toContain(root);
      expect(stderr).toContain('→ Stop the other Clearcut');
    },
    TIMEOUT,
  );

  test(
    'an image overwritten while the service runs ends with the result of the last version',
    async () => {
      const root = await temporaryFolder();
      const service = await startService(root, QUICK);
      for (let version = 0; version < 8; version++) {
        await put(root, 'a.jpg', await drawSubject({ width: 300 + version }));
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      await until(async () => {
        const [record] = (await outcomes(root)).records;
        if (record === undefined) return false;
        const { output } = await readJson(join(root, 'results', 'records', record)).catch(() => ({
          output: {},
        }));
        return (output as { width?: number }).width === 307;
      });
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );

  test('wrong settings are all told at once, with the exit code for configuration', async () => {
    const { code, stderr } = await clearcut(['run', '--device', 'gpu'], { CLEARCUT_MEMORY: 'lots' });
    expect(code).toBe(78);
    expect(stderr).toContain('--device: expected one of cpu');
    expect(stderr).toContain('CLEARCUT_MEMORY: expected a size');
  });
});

describe('clearcut link', () => {
  test(
    'a changed or expired link, or one for another object, answers 403',
    async () => {
      const root = await temporaryFolder();
      const service = await startService(root, QUICK);
      await put(root, 'a.jpg', await drawSubject());
      await put(root, 'b.jpg', await drawSubject());
      await until(async () => (await outcomes(root)).records.length === 2);
      const env = linkEnvironment(root, service.log());
      const link = (await clearcut(['link', 'a.jpg', '--expires', '2s'], env)).stdout.trim();
      expect((await fetch(link)).status).toBe(200);
      expect((await fetch(link.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))).status).toBe(403);
      expect((await fetch(link.replace('a.jpg', 'b.jpg'))).status).toBe(403);
      expect((await fetch(link.replace(/Expires=\d+/, 'Expires=9999999999'))).status).toBe(403);
      expect((await fetch(link.split('?')[0] ?? '')).status).toBe(403);
      await until(async () => (await fetch(link)).status === 403);
    },
    TIMEOUT,
  );

  test(
    'an upload link takes an image that is then cut out',
    async () => {
      const root = await temporaryFolder();
      const service = await startService(root, QUICK);
      const env = linkEnvironment(root, service.log());
      const link = (await clearcut(['link', 'sent.jpg', '--upload'], env)).stdout.trim();
      const response = await fetch(link, { method: 'PUT', body: new Uint8Array(await drawSubject()) });
      expect(response.ok).toBe(true);
      await until(async () => (await outcomes(root)).records.includes('sent.jpg.json'));
    },
    TIMEOUT,
  );
});

describe('options', () => {
  test(
    'of the configuration are heeded by key, each preset has an engine, and a mask has a link',
    async () => {
      const root = await temporaryFolder();
      const env = {
        ...QUICK,
        CLEARCUT_PRECISION: 'fp32',
        CLEARCUT_OPTIONS: 'max-side=60',
        CLEARCUT_RULES: JSON.stringify([
          { match: 'both/*', options: { output: 'both' } },
          { match: 'fast/*', options: { preset: 'fast', format: 'webp' } },
        ]),
      };
      const service = await startService(root, env);
      for (const key of ['both/a.jpg', 'fast/a.jpg', 'backgrounds/a.jpg'])
        await put(root, key, await drawSubject());
      await until(async () => (await outcomes(root)).records.length === 2);
      expect(await outcomes(root)).toEqual({
        cutouts: ['both/a.jpg.cutout.png', 'fast/a.jpg.cutout.webp'],
        records: ['both/a.jpg.json', 'fast/a.jpg.json'],
        deadLetters: [],
      });
      const recordOf = (key: string) => readJson(join(root, 'results', 'records', `${key}.json`));
      const both = await recordOf('both/a.jpg');
      const fast = await recordOf('fast/a.jpg');
      expect(both).toMatchObject({
        options: { output: 'both', 'max-side': '60' },
        mask: { key: 'masks/both/a.jpg.mask.png', width: 60 },
      });
      expect(fast).toMatchObject({ output: { kind: 'cutout', contentType: 'image/webp' } });
      expect((fast['model'] as { variant: string }).variant).not.toBe(
        (both['model'] as { variant: string }).variant,
      );

      const place = { CLEARCUT_ROOT: root };
      const status = await clearcut(['status', 'both/a.jpg'], place);
      expect(status.stdout).toMatch(/mask: results\/masks\/both\/a\.jpg\.mask\.png/);
      const link = await clearcut(['link', 'both/a.jpg', '--mask'], place);
      expect(link.stdout).toContain('/results/masks/both/a.jpg.mask.png?');
      const none = await clearcut(['link', 'fast/a.jpg', '--mask'], place);
      expect(none.code).toBe(1);
      expect(none.stderr).toMatch(/There is no mask of "fast\/a.jpg"/);
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );
});

describe('clearcut remove', () => {
  test(
    'cuts out files and folders, names what failed, and says so by its exit code',
    async () => {
      const root = await temporaryFolder();
      await mkdir(join(root, 'in', 'sub'), { recursive: true });
      await writeFile(join(root, 'in', 'a.jpg'), await drawSubject());
      await copyFile(join(root, 'in', 'a.jpg'), join(root, 'in', 'sub', 'b.jpg'));
      await writeFile(join(root, 'in', 'broken.png'), 'no picture');
      const { code, stdout, stderr } = await clearcut(
        ['remove', join(root, 'in'), '-o', join(root, 'out'), '--json', '--format', 'webp'],
        QUICK,
      );
      expect(code).toBe(1);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.map(({ status }) => status).sort()).toEqual(['done', 'done', 'failed']);
      expect(lines.find(({ status }) => status === 'failed')).toMatchObject({
        input: join(root, 'in', 'broken.png'),
        error: { code: 'FORMAT_UNSUPPORTED' },
      });
      expect(stderr).toMatch(/2 cut out, 1 failed/);
      expect(await filesBelow(join(root, 'out'))).toEqual(['a.jpg.cutout.webp', 'sub/b.jpg.cutout.webp']);
      const { format, hasAlpha } = await sharp(join(root, 'out', 'a.jpg.cutout.webp')).metadata();
      expect({ format, hasAlpha }).toEqual({ format: 'webp', hasAlpha: true });
    },
    TIMEOUT,
  );

  test(
    'makes of a file what the flags say, and tells every mistake in them before the model is opened',
    async () => {
      const root = await temporaryFolder();
      const file = join(root, 'a.jpg');
      const scene = join(root, 'scene.png');
      await writeFile(file, await drawSubject());
      await writeFile(scene, await drawSubject({ format: 'png', background: '#ff8000' }));
      const flags = ['--output', 'both', '--format', 'jpg', '--bg-image', scene, '--option', 'max-side=60'];
      const out = join(root, 'out');
      const { code, stdout } = await clearcut(['remove', file, '-o', out, '--json', ...flags], QUICK);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        output: join(out, 'a.jpg.cutout.jpg'),
        mask: join(out, 'a.jpg.mask.jpg'),
        width: 60,
        height: 40,
      });
      expect(await filesBelow(out)).toEqual(['a.jpg.cutout.jpg', 'a.jpg.mask.jpg']);

      const wrong = ['--format', 'bmp', '--scale', '5%', '--option', 'x=1'];
      const refused = await clearcut(['remove', file, '-o', out, ...wrong], {
        ...QUICK,
        CLEARCUT_MODEL: 'there-is-no-such-model',
      });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/--option x: .*--format: .*--scale: /);
    },
    TIMEOUT,
  );

  test(
    'finds the subject of a drawing with the model at its full side',
    async () => {
      const root = await temporaryFolder();
      const picture = await drawSubject({ width: 600, height: 400, background: '#b0b0b0' });
      await writeFile(join(root, 'a.jpg'), picture);
      const { code } = await clearcut(['remove', join(root, 'a.jpg'), '-o', join(root, 'out')]);
      expect(code).toBe(0);
      const { data, info } = await sharp(join(root, 'out', 'a.jpg.cutout.png'))
        .raw()
        .toBuffer({ resolveWithObject: true });
      const alphaAt = (x: number, y: number) =>
        data[(Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 4 + 3];
      expect(alphaAt(0.35, 0.55)).toBeGreaterThan(200);
      expect(alphaAt(0.02, 0.02)).toBeLessThan(30);
    },
    TIMEOUT,
  );
});

describe('clearcut doctor', () => {
  test(
    'finds everything well on a machine that is',
    async () => {
      const root = await temporaryFolder();
      const { code, stdout } = await clearcut(['doctor', '--json'], {
        ...QUICK,
        CLEARCUT_ROOT: root,
        CLEARCUT_HTTP_PORT: '0',
      });
      const checks = JSON.parse(stdout) as Array<{ name: string; status: string; detail: string }>;
      expect(checks.filter(({ status }) => status === 'wrong')).toEqual([]);
      expect(checks.find(({ name }) => name === 'model and device')?.detail).toMatch(
        /on cpu: \d+ ms a picture/,
      );
      expect(code).toBe(0);
    },
    TIMEOUT,
  );

  test(
    'says what is missing for a device that does not work, and fails',
    async () => {
      const root = await temporaryFolder();
      const { code, stdout } = await clearcut(['doctor', '--device', 'coreml'], {
        ...QUICK,
        CLEARCUT_ROOT: root,
        CLEARCUT_HTTP_PORT: '0',
      });
      expect(stdout).toMatch(/✗ model and device: The device "coreml" does not work/);
      expect(code).toBe(1);
    },
    TIMEOUT,
  );
});

/** What a command needs to sign links that lead to the running service. */
function linkEnvironment(root: string, log: Array<Record<string, unknown>>) {
  const ready = log.find((line) => String(line['msg']).startsWith('ready'));
  return { CLEARCUT_ROOT: root, CLEARCUT_PUBLIC_URL: String(ready?.['server']) };
}

/** A PNG whose header claims another size, with the checksum put right: small to store, huge to decode. */
async function forgedSize(png: Buffer, side: number): Promise<Buffer> {
  const { crc32 } = await import('node:zlib');
  const forged = Buffer.from(png);
  forged.writeUInt32BE(side, 16);
  forged.writeUInt32BE(side, 20);
  forged.writeUInt32BE(crc32(forged.subarray(12, 29)), 29);
  return forged;
}
