import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { generateSource } from 'oazapfts';
import { expect, test } from 'vitest';
import { drawSubject } from '../../../support/draw.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { readOpenApi } from './openapi-document.js';
import { serveService } from './serve-service.js';

const run = promisify(execFile);
const TOKEN = 'a-token-of-all-scopes';

/** What somebody may write with the client; the compiler knows every answer by its status. */
const PROGRAM = `
import { readFile } from 'node:fs/promises';
import * as api from './client.js';

const [, , url = '', token = ''] = process.argv;
api.defaults.baseUrl = url;
api.defaults.headers = { authorization: 'Bearer ' + token };

const png = new Blob([await readFile('picture.png')], { type: 'image/png' });
const accepted = await api.removeBackground(png, { prefer: 'respond-async', maxSide: '100' });
if (accepted.status !== 202) throw new Error('not accepted: ' + accepted.status);

let object = await api.getObject(accepted.data.key);
while (object.status === 200 && object.data.state !== 'done') object = await api.getObject(accepted.data.key);
if (object.status !== 200) throw new Error('no object: ' + object.status);
const { state, result } = object.data;

const uploads = await api.createUploads({ files: [{ name: 'a.png', options: { output: 'mask' } }] });
if (uploads.status !== 201) throw new Error('no uploads: ' + uploads.status);
for (const { upload } of uploads.data.files)
  await fetch(upload.url, { method: upload.method, headers: upload.headers, body: png });
let batch = await api.getBatch(uploads.data.batch, { wait: 10 });
while (batch.status === 200 && batch.data.state !== 'finished')
  batch = await api.getBatch(uploads.data.batch, { wait: 10, since: batch.data.version });
if (batch.status !== 200) throw new Error('no batch: ' + batch.status);
const link = await api.createLink({ key: batch.data.files[0]?.key ?? '', kind: 'mask' });
if (link.status !== 201) throw new Error('no link: ' + link.status);
const mask = await fetch(link.data.url);

const refused = await api.removeBackground(png, { quality: 'best' });
if (refused.status !== 400) throw new Error('not refused: ' + refused.status);

const bad = await api.removeBackground(new Blob(['text'], { type: 'image/png' }));
if (bad.status !== 422) throw new Error('not bad: ' + bad.status);
const letters = await api.listDeadLetters({ limit: 10 });
if (letters.status !== 200) throw new Error('no letters: ' + letters.status);
const redriven = await api.redriveDeadLetters({ all: true });
if (redriven.status !== 200) throw new Error('not redriven: ' + redriven.status);
const unknown = await api.getObject('no/such.png');

console.log(
  JSON.stringify({
    accepted: accepted.status,
    done: { state, width: result?.width, height: result?.height },
    batch: [batch.data.counts.done, mask.headers.get('content-type')],
    refused: [refused.data.code, refused.status],
    letters: letters.data.items.map(({ error, attempts }) => [error.code, attempts]),
    redriven: redriven.data.redriven,
    unknown: [unknown.status, unknown.status === 404 && unknown.data.code],
  }),
);
`;

test('a client that is generated from the description compiles, and works', async () => {
  const { pipeline, ...api } = await serveService({ tokens: `client:upload+read+admin:${TOKEN}` });
  const folder = await temporaryFolder();
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const document = join(folder, 'openapi.json');
  await writeFile(document, JSON.stringify(await readOpenApi(api)));
  await writeFile(join(folder, 'client.ts'), await generateSource(document));
  await writeFile(join(folder, 'program.ts'), PROGRAM);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'picture.png'), await drawSubject({ format: 'png' }));

  const flags = [
    '--ignoreConfig',
    '--strict',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom,dom.iterable',
    '--module',
    'nodenext',
  ];
  const tsc = join('node_modules', '.bin', 'tsc');
  const compiled = await run(tsc, [...flags, '--types', 'node', join(folder, 'program.ts')]).catch(
    (failure) => failure,
  );
  expect(compiled.stdout).toBe('');
  const { stdout } = await run(process.execPath, [join(folder, 'program.js'), api.url, TOKEN], {
    cwd: folder,
  });
  expect(JSON.parse(stdout)).toEqual({
    accepted: 202,
    done: { state: 'done', width: 100, height: 67 },
    batch: [1, 'image/png'],
    refused: ['OPTIONS_INVALID', 400],
    letters: [['FORMAT_UNSUPPORTED', 1]],
    redriven: 1,
    unknown: [404, 'OBJECT_NOT_FOUND'],
  });
});
