import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { buryObject } from '../../../src/pipeline/process-object.js';
import { createTestPipeline, INPUT, OUTPUT } from '../../support/pipeline.js';
import { clearcut } from '../../support/service.js';

/** A folder with dead letters of these inputs, and a file among them that is no dead letter. */
async function buried(...keys: string[]) {
  const { pipeline, root, store, upload, outputs } = await createTestPipeline();
  for (const key of keys) {
    await upload(key, Buffer.from('no picture'));
    const error = new ClearcutError('FORMAT_UNSUPPORTED', 'This is no picture.');
    await buryObject({ bucket: INPUT, key, attempt: 1 }, error, pipeline);
  }
  await store.put(OUTPUT, 'dead-letters/readme.txt', Buffer.from('not a dead letter'));
  const run = (...args: string[]) => clearcut(['redrive', ...args], { CLEARCUT_ROOT: root });
  const left = async () => (await outputs()).filter((key) => key !== 'dead-letters/readme.txt');
  return { root, run, left };
}

test('removes the dead letters that are named, and says why they were dead', async () => {
  const { run, left } = await buried('a b.jpg', 'c.jpg');
  const { code, stdout } = await run('a b.jpg');
  expect(code).toBe(0);
  expect(stdout).toContain('redriven: a b.jpg (FORMAT_UNSUPPORTED)\n');
  expect(await left()).toEqual(['dead-letters/c.jpg.json']);
});

test('removes all of them on demand, and leaves alone what is none', async () => {
  const { root, run, left } = await buried('a.jpg', 'b.jpg');
  await rm(join(root, INPUT, 'b.jpg'));
  const { code, stdout } = await run('--all', '--json');
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { key: 'a.jpg', status: 'redriven', code: 'FORMAT_UNSUPPORTED' },
    { key: 'b.jpg', status: 'gone', code: 'FORMAT_UNSUPPORTED' },
    { key: 'dead-letters/readme.txt', status: 'not ours' },
  ]);
  expect(await left()).toEqual([]);
});

test('a dry run changes nothing', async () => {
  const { run, left } = await buried('a.jpg');
  const { stdout } = await run('--all', '--dry-run');
  expect(stdout).toContain('one dead letter would be removed');
  expect(await left()).toEqual(['dead-letters/a.jpg.json']);
});

test('an object that is not dead is named, and fails the command', async () => {
  const { run } = await buried('a.jpg');
  const { code, stdout } = await run('a.jpg', 'alive.jpg');
  expect(stdout).toContain('redriven: a.jpg');
  expect(stdout).toContain('not dead: alive.jpg');
  expect(code).toBe(1);
});

test.each([[[]], [['a.jpg', '--all']]])('neither or both of keys and --all are refused: %j', async (args) => {
  const { run, left } = await buried('a.jpg');
  expect((await run(...args)).code).toBe(78);
  expect(await left()).toHaveLength(1);
});

test('events that no target took in time wait again', async () => {
  const { store, root, outputs } = await createTestPipeline();
  const entry = {
    event: { id: 'e1', type: 'clearcut.result', body: '{}' },
    subject: { kind: 'result', bucket: INPUT, key: 'a b.jpg', etag: 'x' },
    since: 1,
    attempts: 10,
    heldUntil: 0,
  };
  await store.put(OUTPUT, 'events/undelivered/sqs/e1.json', Buffer.from(JSON.stringify(entry)));
  const { code, stdout } = await clearcut(['redrive', '--events'], { CLEARCUT_ROOT: root });
  expect(stdout).toMatch(/^result: a b\.jpg to sqs\n1 events wait again/);
  expect(code).toBe(0);
  expect(await outputs()).toEqual([expect.stringMatching(/^events\/outbox\/retry\/sqs\/\d{16}-e1\.json$/)]);
});
