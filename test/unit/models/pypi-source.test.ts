import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { PypiSource } from '../../../src/models/catalogue.js';
import { pullModel } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, filesBelow, hexOf, MODEL_ID, urlSource } from './catalogues.js';
import { sendFile, serve } from './file-server.js';
import { networkBytes } from './network.js';

const run = promisify(execFile);
const RIGHT = networkBytes(1);
const WHEEL = 'example_weights-1.2.3-py3-none-any.whl';
const PATH = 'example/model.onnx';
const TIMEOUT = 60_000;

let hasPip = false;
beforeAll(async () => {
  hasPip = await run('python3', ['-m', 'pip', '--version']).then(
    () => true,
    () => false,
  );
});

describe('weights in a Python package', () => {
  it(
    'are taken out of its wheel, through the index of the user, and nothing of the package is run',
    async ({ skip }) => {
      skip(!hasPip, 'Python with pip is not installed');
      const { source, options, traceOfCode } = await startIndex(RIGHT);
      const { manifest, file } = await pullModel({ ...options, catalogue: catalogueOf(source) });
      expect(manifest.from).toBe('Python package example-weights 1.2.3');
      expect((await readFile(file)).equals(RIGHT)).toBe(true);
      await expect(readFile(traceOfCode)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await filesBelow(options.cacheDir)).toEqual(
        ['source.json', 'source.onnx'].map((name) => `models/${MODEL_ID}/${name}`),
      );
    },
    TIMEOUT,
  );

  it(
    'are refused where the wheel is not the published one, and the next source is asked',
    async ({ skip }) => {
      skip(!hasPip, 'Python with pip is not installed');
      const { source, options, origin } = await startIndex(RIGHT);
      const changed: PypiSource = { ...source, wheelSha256: hexOf('sha256', Buffer.from('another')) };
      await expect(pullModel({ ...options, catalogue: catalogueOf(changed) })).rejects.toMatchObject({
        code: 'MODEL_CHECKSUM_MISMATCH',
        message: expect.stringContaining('wheel of example-weights'),
      });
      const catalogue = catalogueOf(changed, urlSource(`${origin}/model.onnx`, RIGHT));
      expect((await pullModel({ ...options, catalogue })).manifest.from).toBe(`${origin}/model.onnx`);
    },
    TIMEOUT,
  );

  it(
    'are refused where the file in the wheel is not the published one',
    async ({ skip }) => {
      skip(!hasPip, 'Python with pip is not installed');
      const { source, options } = await startIndex(networkBytes(2));
      const expected = { ...source, sha256: hexOf('sha256', RIGHT), size: RIGHT.length };
      await expect(pullModel({ ...options, catalogue: catalogueOf(expected) })).rejects.toMatchObject({
        code: 'MODEL_CHECKSUM_MISMATCH',
        message: expect.stringContaining('Python package example-weights'),
      });
    },
    TIMEOUT,
  );

  it(
    'that the index lacks are not fetched, for the reason that pip gives',
    async ({ skip }) => {
      skip(!hasPip, 'Python with pip is not installed');
      const { source, options } = await startIndex(RIGHT);
      const catalogue = catalogueOf({ ...source, version: '9.9.9' });
      await expect(pullModel({ ...options, catalogue })).rejects.toMatchObject({
        code: 'MODEL_FETCH_FAILED',
        message: expect.stringMatching(/pip: .*9\.9\.9/),
      });
    },
    TIMEOUT,
  );

  it('are not fetched where there is no Python', async () => {
    stubEnv({ PATH: await temporaryFolder() });
    const source: PypiSource = {
      kind: 'pypi',
      package: 'example-weights',
      version: '1.2.3',
      wheelSha256: hexOf('sha256', RIGHT),
      path: PATH,
      size: RIGHT.length,
      sha256: hexOf('sha256', RIGHT),
    };
    const cacheDir = await temporaryFolder();
    const options = { id: MODEL_ID, cacheDir, sourceUrl: '', onProgress: () => {} };
    await expect(pullModel({ ...options, catalogue: catalogueOf(source) })).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: expect.stringContaining('Python with pip is not installed'),
    });
  });
});

/** An index with one package that has the network in its wheel, which the test's pip asks and no other. */
async function startIndex(bytes: Buffer) {
  const folder = await temporaryFolder();
  const traceOfCode = join(folder, 'imported');
  const wheel = await packWheel(folder, bytes, traceOfCode);
  const { origin } = await serve((request, response) => {
    if (request.url === '/simple/example-weights/') {
      const page = `<!DOCTYPE html><a href="/files/${WHEEL}" data-requires-python="&lt;3">${WHEEL}</a>`;
      response.setHeader('content-type', 'text/html').end(page);
    } else if (request.url === `/files/${WHEEL}`) sendFile(request, response, { bytes: wheel });
    else if (request.url === '/model.onnx') sendFile(request, response, { bytes });
    else response.writeHead(404).end();
  });
  stubEnv({
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `${origin}/simple/`,
    PIP_FIND_LINKS: '',
    PIP_NO_CACHE_DIR: '1',
  });
  const source: PypiSource = {
    kind: 'pypi',
    package: 'example-weights',
    version: '1.2.3',
    wheelSha256: hexOf('sha256', wheel),
    path: PATH,
    size: bytes.length,
    sha256: hexOf('sha256', bytes),
    tested: true,
  };
  const cacheDir = join(folder, 'cache');
  const options = { id: MODEL_ID, cacheDir, sourceUrl: '', onProgress: () => {} };
  return { source, options, traceOfCode, origin };
}

function stubEnv(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

async function packWheel(folder: string, bytes: Buffer, traceOfCode: string): Promise<Buffer> {
  const content = join(folder, 'content');
  const info = join(content, 'example_weights-1.2.3.dist-info');
  await mkdir(join(content, 'example'), { recursive: true });
  await mkdir(info);
  await writeFile(join(content, PATH), bytes);
  await writeFile(join(content, 'example', '__init__.py'), `open(${JSON.stringify(traceOfCode)}, 'w')\n`);
  await writeFile(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: example-weights\nVersion: 1.2.3\n');
  await writeFile(join(info, 'WHEEL'), 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  await writeFile(join(info, 'RECORD'), '');
  const file = join(folder, WHEEL);
  await run('python3', ['-m', 'zipfile', '-c', file, ...(await readdir(content))], { cwd: content });
  return readFile(file);
}
