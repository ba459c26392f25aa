// What idle event streams and a burst of uploads do to a running service, without any failure that a client sees:
// node bench/api/streams.mjs [URL] [streams] [uploads]. Needs a build and a service (clearcut run) on loopback, or a token in
// CLEARCUT_TOKEN. Half of the streams listen to one batch, the others to a batch each.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';

const [url = 'http://127.0.0.1:8787', streams = '500', uploads = '200'] = process.argv.slice(2);
const STREAMS = Number(streams);
const UPLOADS = Number(uploads);
const IDLE_SECONDS = 30;
const headers = {
  'content-type': 'application/json',
  ...(process.env.CLEARCUT_TOKEN && { authorization: `Bearer ${process.env.CLEARCUT_TOKEN}` }),
};

async function announce(count) {
  const files = Array.from({ length: count }, (_, at) => ({ name: `${at}.jpg` }));
  const answer = await fetch(`${url}/v1/uploads`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ files }),
  });
  if (answer.status !== 201) throw new Error(`POST /v1/uploads: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Opens a stream; `ended` is the rest of it, which goes on until the script has seen enough. */
async function listen(batch, signal) {
  const answer = await fetch(`${url}/v1/batches/${batch}/events`, { headers, signal });
  if (answer.status !== 200) throw new Error(`events: ${answer.status} ${await answer.text()}`);
  const reader = answer.body.getReader();
  await reader.read();
  return { ended: drain(reader) };
}

async function drain(reader) {
  while (!(await reader.read()).done);
}

async function metric(name) {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(page)?.[1]);
}

async function residentMiB() {
  return Math.round((await metric('process_resident_memory_bytes')) / 2 ** 20);
}

const leaving = new AbortController();
let broken = 0;
const before = await residentMiB();
const shared = await announce(1);
const openedAt = performance.now();
const ownBatches = await Promise.all(Array.from({ length: Math.ceil(STREAMS / 2) }, () => announce(1)));
const batches = Array.from({ length: STREAMS }, (_, at) =>
  at % 2 === 0 ? shared : ownBatches[(at - 1) / 2],
);
const open = await Promise.all(batches.map(({ batch }) => listen(batch, leaving.signal)));
for (const { ended } of open) {
  // Idle streams never end by themselves.
  const note = () => {
    if (!leaving.signal.aborted) broken += 1;
  };
  ended.then(note, note);
}
process.stdout.write(`${STREAMS} streams open after ${Math.round(performance.now() - openedAt)} ms\n`);

// By now every batch is looked at as seldom as it ever is.
await sleep(30_000);
const cpuBefore = await metric('process_cpu_seconds_total');
await sleep(IDLE_SECONDS * 1000);
const cpu = ((await metric('process_cpu_seconds_total')) - cpuBefore) / IDLE_SECONDS;
process.stdout.write(`idle, they take ${(cpu * 100).toFixed(1)} % of a core\n`);

const picture = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#4080c0' } })
  .jpeg()
  .toBuffer();
const { batch, files } = await announce(UPLOADS);
const uploadedFrom = performance.now();
const waits = await Promise.all(
  files.map(async ({ upload }) => {
    const startedAt = performance.now();
    const answer = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: picture });
    if (answer.status !== 200) throw new Error(`PUT: ${answer.status} ${await answer.text()}`);
    return performance.now() - startedAt;
  }),
);
const uploadedIn = performance.now() - uploadedFrom;
let now;
do now = await (await fetch(`${url}/v1/batches/${batch}?wait=60`, { headers })).json();
while (now.state !== 'finished');
const finishedIn = performance.now() - uploadedFrom;
const after = await residentMiB();
leaving.abort();
waits.sort((a, b) => a - b);
process.stdout.write(
  `${UPLOADS} uploads at once in ${Math.round(uploadedIn)} ms (the median one ${Math.round(waits[waits.length >> 1])} ms, ` +
    `the slowest ${Math.round(waits.at(-1))} ms); all settled after ${(finishedIn / 1000).toFixed(1)} s: ` +
    `${now.counts.done} done, ${now.counts.failed} failed\n` +
    `streams that broke: ${broken}; memory ${before} MiB before, ${after} MiB after\n`,
);
process.exitCode = broken > 0 || now.counts.done + now.counts.failed !== UPLOADS ? 1 : 0;
