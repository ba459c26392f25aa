import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { drawSubject } from '../support/draw.js';
import { startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/**
 * The HTTP API of the compiled service, as the examples of the documentation use it: the real model at its smallest
 * side, a hundred pictures.
 */
const TOKEN = 'a-token-for-these-tests';
const QUICK = {
  CLEARCUT_MODEL_MAX_SIDE: '256',
  CLEARCUT_PRESET: 'fast',
  CLEARCUT_API_TOKENS: `shop:upload+read:${TOKEN}`,
};
const TIMEOUT = 240_000;
const PICTURES = 100;

const run = promisify(execFile);
const fileOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const hasShellTools = await run('sh', ['-c', 'command -v curl && command -v jq']).then(
  () => true,
  () => false,
);

async function serve() {
  const service = await startService(await temporaryFolder(), QUICK);
  const ready = service.log().find(({ msg }) => String(msg).startsWith('ready'));
  return { service, url: String(ready?.['server']) };
}

async function drawAHundred(): Promise<string> {
  const folder = join(await temporaryFolder(), 'pictures');
  await mkdir(folder);
  const bytes = await drawSubject();
  const names = Array.from({ length: PICTURES }, (_, at) => `Foto ${at} (Größe 100%) & more.jpg`);
  await Promise.all(names.map((name) => writeFile(join(folder, name), bytes)));
  return folder;
}

async function expectResults(results: string): Promise<void> {
  const names = (await readdir(results)).filter((name) => name.endsWith('.png'));
  expect(names).toHaveLength(PICTURES);
  const picture = await sharp(await readFile(join(results, 'Foto 7 (Größe 100%) & more.jpg.png'))).metadata();
  expect(picture).toMatchObject({ format: 'png', width: 240, height: 160, hasAlpha: true });
}

describe('the examples upload a hundred pictures and fetch the results', () => {
  test.skipIf(!hasShellTools)(
    'with curl (needs curl and jq)',
    async () => {
      const { url } = await serve();
      const [pictures, results] = [await drawAHundred(), await temporaryFolder()];
      const env = { PATH: process.env['PATH'], CLEARCUT_URL: url, CLEARCUT_TOKEN: TOKEN };
      await run('sh', [fileOf('docs/examples/cut-out.sh'), pictures, results], { env });
      await expectResults(results);
    },
    TIMEOUT,
  );

  test(
    'in TypeScript',
    async () => {
      const { url } = await serve();
      const [pictures, results, built] = [
        await drawAHundred(),
        await temporaryFolder(),
        await temporaryFolder(),
      ];
      // Newer versions of Node run the file as it is.
      const compile = [
        '--ignoreConfig',
        '--strict',
        '--target',
        'es2023',
        '--module',
        'nodenext',
        '--types',
        'node',
      ];
      const types = ['--typeRoots', fileOf('node_modules/@types')];
      const source = fileOf('docs/examples/cut-out.ts');
      await run(process.execPath, [
        fileOf('node_modules/typescript/bin/tsc'),
        ...compile,
        ...types,
        '--outDir',
        built,
        source,
      ]);
      await writeFile(join(built, 'package.json'), '{"type":"module"}');
      const env = { CLEARCUT_URL: url, CLEARCUT_TOKEN: TOKEN };
      await run(process.execPath, [join(built, 'cut-out.js'), pictures, results], { env });
      await expectResults(results);
    },
    TIMEOUT,
  );
});

test(
  'what was announced of a picture holds for it, and a token is needed',
  async () => {
    const { url, service } = await serve();
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    expect((await fetch(`${url}/v1/objects?key=x`)).status).toBe(401);
    const files = [{ name: 'masked.png', options: { output: 'both', format: 'webp' } }, { name: 'text.png' }];
    const announced = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ files }),
    });
    const { batch, files: links } = (await announced.json()) as {
      batch: string;
      files: Array<{ upload: { url: string } }>;
    };
    const bodies = [await drawSubject({ format: 'png' }), Buffer.from('no picture')];
    for (const [at, { upload }] of links.entries())
      await fetch(upload.url, { method: 'PUT', body: bodies[at] ?? '' });
    // To its end.
    const events = await (await fetch(`${url}/v1/batches/${batch}/events`, { headers })).text();
    expect(events).toMatch(/event: end\n/);
    const finished = (await (await fetch(`${url}/v1/batches/${batch}`, { headers })).json()) as {
      files: Array<Record<string, unknown>>;
    };
    expect(finished).toMatchObject({ state: 'finished', counts: { total: 2, done: 1, failed: 1 } });
    const [masked, text] = finished.files;
    expect(masked).toMatchObject({
      result: { contentType: 'image/webp', kind: 'cutout' },
      mask: { width: 240 },
    });
    expect(text).toMatchObject({ error: { code: 'FORMAT_UNSUPPORTED' } });
    expect(JSON.stringify(service.log())).not.toContain(TOKEN);
  },
  TIMEOUT,
);
