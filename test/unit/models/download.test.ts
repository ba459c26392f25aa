import { createHash } from 'node:crypto';
import { readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { download } from '../../../src/models/download.js';
import type { ModelProgress } from '../../../src/models/progress.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';
import { sendCut, sendFile, serve } from './file-server.js';

const SIZE = 300_000;
const FILE = { bytes: randomBytes('one'), etag: '"one"' };
const CHANGED = { bytes: randomBytes('two'), etag: '"two"' };

describe('download', () => {
  it('fetches a file and tells how far it is', async () => {
    const file = await target();
    const server = await serve((request, response) => sendFile(request, response, FILE));
    const progress: ModelProgress[] = [];
    await download({ url: server.origin, file, onProgress: (step) => progress.push(step) });
    expect(await holds(file, FILE.bytes)).toBe(true);
    expect(progress.at(-1)).toEqual({ phase: 'download', doneBytes: SIZE, totalBytes: SIZE });
    expect(progress.every((step, at) => step.doneBytes > (progress[at - 1]?.doneBytes ?? 0))).toBe(true);
  });

  it('bears a server that closes the connection while much of the file is still to be saved', async () => {
    // As much as undici takes in before it pauses (nodejs/undici#5360).
    const bytes = FILE.bytes.subarray(0, 64 * 1024);
    const file = await target();
    const server = await serve((request, response) => {
      response.shouldKeepAlive = false;
      sendFile(request, response, { bytes });
    });
    await download({ url: server.origin, file, retries: 0 });
    expect(await holds(file, bytes)).toBe(true);
  });

  it('follows redirects, also to relative addresses', async () => {
    const file = await target();
    const server = await serve((request, response) => {
      if (request.url === '/final/file') return sendFile(request, response, FILE);
      const location = request.url === '/old' ? '/moved' : 'final/file';
      response.writeHead(302, { location }).end('elsewhere');
    });
    await download({ url: `${server.origin}/old`, file });
    expect(await holds(file, FILE.bytes)).toBe(true);
    expect(server.requests.map(({ path }) => path)).toEqual(['/old', '/moved', '/final/file']);
  });

  it('gives up on a circle of redirects', async () => {
    const server = await serve((_request, response) => void response.writeHead(302, { location: '/' }).end());
    await expect(download({ url: server.origin, file: await target() })).rejects.toThrow(
      /redirects more than/,
    );
    expect(server.requests.length).toBeLessThan(10);
  });

  it.each([400, 401, 403, 404, 410])('asks once where the answer is %d', async (status) => {
    const server = await serve((_request, response) => void response.writeHead(status).end('no such file'));
    await expect(download({ url: server.origin, file: await target() })).rejects.toThrow(`status ${status}`);
    expect(server.requests).toHaveLength(1);
  });

  it.each([429, 500, 503])('tries again where the answer is %d', async (status) => {
    const file = await target();
    const server = await serve((request, response, attempt) => {
      if (attempt > 1) return sendFile(request, response, FILE);
      response.writeHead(status).end('come back');
    });
    await download({ url: server.origin, file });
    expect(await holds(file, FILE.bytes)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('gives up after the tries it was given', async () => {
    const server = await serve((_request, response) => void response.writeHead(503).end());
    await expect(download({ url: server.origin, file: await target(), retries: 1 })).rejects.toThrow('503');
    expect(server.requests).toHaveLength(2);
  });
});

describe('download after a connection that broke', () => {
  it('asks for the rest in a later call, on condition that the file is the same', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, FILE));
    await expect(download({ url: server.origin, file, retries: 0 })).rejects.toThrow();
    const have = (await stat(file)).size;
    expect(have).toBeGreaterThan(0);
    expect(have).toBeLessThan(SIZE);
    const progress: ModelProgress[] = [];
    await download({ url: server.origin, file, retries: 0, onProgress: (step) => progress.push(step) });
    expect(await holds(file, FILE.bytes)).toBe(true);
    expect(server.requests[1]?.headers).toMatchObject({ range: `bytes=${have}-`, 'if-range': '"one"' });
    expect(progress[0]?.doneBytes).toBeGreaterThan(have);
    expect(progress.at(-1)).toEqual({ phase: 'download', doneBytes: SIZE, totalBytes: SIZE });
  });

  it('asks for the rest within the same call', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, FILE));
    await download({ url: server.origin, file, retries: 1 });
    expect(await holds(file, FILE.bytes)).toBe(true);
    expect(server.requests[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('starts over where the file was changed meanwhile', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, CHANGED));
    await expect(download({ url: server.origin, file, retries: 0 })).rejects.toThrow();
    await download({ url: server.origin, file, retries: 0 });
    expect(server.requests[1]?.headers['if-range']).toBe('"one"');
    expect(await holds(file, CHANGED.bytes)).toBe(true);
  });

  it('starts over where the server knows no ranges', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, { ...FILE, ranges: false }));
    await expect(download({ url: server.origin, file, retries: 0 })).rejects.toThrow();
    await download({ url: server.origin, file, retries: 0 });
    expect(await holds(file, FILE.bytes)).toBe(true);
  });

  it.each([
    { name: 'gives no ETag', etag: undefined },
    { name: 'gives a weak ETag only', etag: 'W/"one"' },
  ])('asks for all of it again where the server $name', async ({ etag }) => {
    const file = await target();
    const served = { bytes: FILE.bytes, ...(etag !== undefined && { etag }) };
    const server = await serve(cutFirst(file, served, served));
    await expect(download({ url: server.origin, file, retries: 0 })).rejects.toThrow();
    await download({ url: server.origin, file, retries: 0 });
    expect(server.requests[1]?.headers.range).toBeUndefined();
    expect(await holds(file, FILE.bytes)).toBe(true);
  });

  it('starts over where the server has less than is there already', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, FILE));
    await expect(download({ url: server.origin, file, retries: 0 })).rejects.toThrow();
    await truncate(file, SIZE + 1);
    await download({ url: server.origin, file, retries: 1 });
    expect(await holds(file, FILE.bytes)).toBe(true);
  });

  it('leaves nothing behind but the file', async () => {
    const file = await target();
    const server = await serve(cutFirst(file, FILE, FILE));
    await download({ url: server.origin, file, retries: 1 });
    expect(await readdir(join(file, '..'))).toEqual(['file.part']);
  });

  it('never takes a part for the whole', async () => {
    const file = await target();
    const server = await serve((request, response) => sendCut(request, response, FILE, 1000, onDisk(file)));
    await expect(download({ url: server.origin, file, retries: 1 })).rejects.toThrow();
    expect(server.requests).toHaveLength(2);
  });
});

/** Breaks the first connection within the file, once some of it has been saved; then serves the second file. */
function cutFirst(
  file: string,
  first: Parameters<typeof sendFile>[2],
  second: Parameters<typeof sendFile>[2],
): Parameters<typeof serve>[0] {
  return (request, response, attempt) =>
    attempt === 1
      ? sendCut(request, response, first, SIZE / 2, onDisk(file))
      : sendFile(request, response, second);
}

/** Waits until the client has saved the first bytes. */
function onDisk(file: string): () => Promise<void> {
  return () =>
    until(() =>
      stat(file).then(
        ({ size }) => size > 0,
        () => false,
      ),
    );
}

async function holds(file: string, bytes: Buffer): Promise<boolean> {
  return bytes.equals(await readFile(file));
}

async function target(): Promise<string> {
  return join(await temporaryFolder(), 'file.part');
}

/** The same bytes every time, and no others like them. */
function randomBytes(seed: string): Buffer {
  return createHash('shake256', { outputLength: SIZE }).update(seed).digest();
}
