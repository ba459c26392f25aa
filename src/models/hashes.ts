import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ClearcutError } from '../errors.js';

/** What is known of a file before it is fetched; at least one hash. */
export interface ExpectedFile {
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
}

export interface FileHashes {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

/** Reads the file once for all its hashes (lower-case hex). */
export async function hashFile(file: string): Promise<FileHashes> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let size = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    sha256.update(chunk as Buffer);
    md5.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { size, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

/** SHA-256 of a file, lower-case hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Whether every hash and the size that are expected are met. */
export function meets(actual: FileHashes, expected: ExpectedFile): boolean {
  const checks = [
    expected.sha256 === undefined || expected.sha256 === actual.sha256,
    expected.md5 === undefined || expected.md5 === actual.md5,
    expected.size === undefined || expected.size === actual.size,
  ];
  const hasHash = expected.sha256 !== undefined || expected.md5 !== undefined;
  return hasHash && checks.every(Boolean);
}

export function checksumMismatch(what: string, actual: FileHashes): ClearcutError {
  const message = `${what} is not the published file: it has ${actual.size} bytes and SHA-256 ${actual.sha256}.`;
  return new ClearcutError('MODEL_CHECKSUM_MISMATCH', message);
}
