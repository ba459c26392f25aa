import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const PROGRAM = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
print(json.dumps([[name, archive.read(name)[:1000].decode('utf-8', 'replace')] for name in archive.namelist()]))`;

/** What another program (Python's zipfile) finds in the archive: names and the beginnings of contents, checksums proved. */
export async function unzip(folder: string, archive: Readable): Promise<Array<[string, string]>> {
  const file = join(folder, 'archive.zip');
  await pipeline(archive, createWriteStream(file));
  const { stdout } = await promisify(execFile)('python3', ['-c', PROGRAM, file]);
  return JSON.parse(stdout);
}
