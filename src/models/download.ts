import { createWriteStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import pRetry, { AbortError } from 'p-retry';
import { type Dispatcher, request } from 'undici';
import type { OnProgress } from './progress.js';

export interface DownloadOptions {
  readonly url: string;
  /** Where the bytes are gathered. What an earlier try left there is continued. */
  readonly file: string;
  /** Proxy and certificates; the process's own where it is left out. */
  readonly dispatcher?: Dispatcher | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Tries after a failure that may pass: a broken connection, a server's 5xx or 429. */
  readonly retries?: number;
}

const RETRIES = 4;
const MAX_REDIRECTS = 5;
/**
 * Bytes that may wait for a slow disk; more than any file of the catalogue has. undici 7 ends the process when a
 * server closes a connection that it holds back (nodejs/undici#5360, mended in version 8 for Node 22 and later).
 */
const HIGH_WATER_MARK = 256 * 1024 * 1024;

/**
 * Downloads to a file and goes on where an earlier try, of this process or another, broke off (HTTP range requests,
 * RFC 9110 section 14). If-Range makes a server that has a changed file send all of it. The caller verifies the
 * content and removes the file when it is wrong.
 */
export async function download(options: DownloadOptions): Promise<void> {
  await pRetry(() => attempt(options), {
    retries: options.retries ?? RETRIES,
    minTimeout: 500,
    maxTimeout: 8_000,
  });
  await rm(validatorFile(options.file), { force: true });
}

async function attempt({ url, file, dispatcher, onProgress }: DownloadOptions): Promise<void> {
  const have = await sizeOf(file);
  const validator = await readFile(validatorFile(file), 'utf8').catch(() => undefined);
  // Without a validator nobody can say whether the rest belongs to the same file.
  const resume = have > 0 && validator !== undefined;
  const headers = resume ? { range: `bytes=${have}-`, 'if-range': validator } : {};
  const response = await get(url, headers, dispatcher);
  const { statusCode, body } = response;

  if (resume && statusCode === 416) {
    await body.dump();
    await rm(file, { force: true });
    throw new Error(`${url} no longer has the part that is missing`);
  }
  if (statusCode !== 200 && statusCode !== 206) {
    await body.dump();
    const error = new Error(`${url} answered with status ${statusCode}`);
    throw statusCode >= 500 || statusCode === 429 ? error : new AbortError(error);
  }
  const appends = statusCode === 206 && resume;
  // Bytes of before never stand beside the validator of other bytes, wherever this is cut off.
  if (!appends) await rm(file, { force: true });
  await rememberValidator(file, header(response, 'etag') ?? header(response, 'last-modified'));
  const start = appends ? have : 0;
  const totalBytes = start + Number(header(response, 'content-length') ?? 0);
  let doneBytes = start;
  body.on('data', (chunk: Buffer) => {
    doneBytes += chunk.length;
    onProgress?.({ phase: 'download', doneBytes, totalBytes: Math.max(totalBytes, doneBytes) });
  });
  await pipeline(body, createWriteStream(file, { flags: appends ? 'a' : 'w' }));
}

async function get(url: string, headers: Record<string, string>, dispatcher: Dispatcher | undefined) {
  let current = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(current, {
      headers,
      highWaterMark: HIGH_WATER_MARK,
      ...(dispatcher && { dispatcher }),
    });
    const location = header(response, 'location');
    if (response.statusCode < 300 || response.statusCode >= 400 || location === undefined) return response;
    await response.body.dump();
    current = new URL(location, current).href;
  }
  throw new AbortError(`${url} redirects more than ${MAX_REDIRECTS} times`);
}

async function rememberValidator(file: string, validator: string | undefined): Promise<void> {
  // Weak validators do not promise the same bytes (RFC 9110 section 8.8.1).
  if (validator === undefined || validator.startsWith('W/')) await rm(validatorFile(file), { force: true });
  else await writeFile(validatorFile(file), validator);
}

function validatorFile(file: string): string {
  return `${file}.validator`;
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}
