import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import type { ServerOptions } from '../../../src/server/server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type ServedStore, serveDirectoryStore } from '../storage/served-store.js';

export const BUCKET = 'uploads';
export const MAX_UPLOAD = 1_000_000;

export async function serve(overrides: Partial<ServerOptions> = {}): Promise<ServedStore & { root: string }> {
  const root = await temporaryFolder();
  const served = await serveDirectoryStore(root, { maxUploadBytes: MAX_UPLOAD, ...overrides });
  onTestFinished(() => served.close());
  return { ...served, root };
}

/** Sends the path exactly as it is given, which `fetch` would tidy up before. */
export async function send(url: string, path: string, method = 'GET') {
  const pending = request(url, { path, method });
  pending.end();
  const [response] = await once(pending, 'response');
  return { status: response.statusCode, type: response.headers['content-type'], body: await text(response) };
}

export async function openFiles(): Promise<string[]> {
  const links = await readdir('/proc/self/fd');
  return Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => '')));
}

export async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return JSON.parse(await response.text());
}
