// Cuts out every picture of a folder: node cut-out.ts PICTURES RESULTS
import { readdir, readFile, writeFile } from 'node:fs/promises';

type Batch = { state: string; files: Array<{ name: string; result?: { url: string } }> };
type Uploads = {
  batch: string;
  files: Array<{ name: string; upload: { url: string; headers: HeadersInit } }>;
};

const [pictures, results] = process.argv.slice(2);
const { CLEARCUT_URL = 'http://127.0.0.1:8787', CLEARCUT_TOKEN = 'none' } = process.env;
const headers = { authorization: `Bearer ${CLEARCUT_TOKEN}`, 'content-type': 'application/json' };
const call = async (path: string, init = {}) =>
  (await fetch(`${CLEARCUT_URL}/v1${path}`, { headers, ...init })).json();

const body = JSON.stringify({ files: (await readdir(`${pictures}`)).map((name) => ({ name })) });
const { batch, files } = (await call('/uploads', { method: 'POST', body })) as Uploads;
for (const { name, upload } of files)
  await fetch(upload.url, {
    method: 'PUT',
    headers: upload.headers,
    body: await readFile(`${pictures}/${name}`),
  });
let now: Batch;
do now = (await call(`/batches/${batch}?wait=60`)) as Batch;
while (now.state !== 'finished');
for (const { name, result } of now.files)
  if (result) await writeFile(`${results}/${name}.png`, (await fetch(result.url)).body ?? '');
