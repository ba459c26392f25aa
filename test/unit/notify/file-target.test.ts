import { appendFile, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFileTarget } from '../../../src/notify/file-target.js';
import { eventOf } from '../../../src/notify/outcome-event.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { resultNews } from './news.js';

const NEVER = new AbortController().signal;
const eventFor = (at: number) => eventOf(resultNews('e1', `${at}.png`));

const linesOf = async (file: string) => (await readFile(file, 'utf8')).trimEnd().split('\n');

test('events that come together are lines of their own, in a file for its owner alone', async () => {
  const file = join(await temporaryFolder(), 'deep', 'events.ndjson');
  const target = createFileTarget(file);
  const sent = await Promise.all(Array.from({ length: 50 }, (_, at) => target.send(eventFor(at), NEVER)));
  expect(sent.every(({ kind }) => kind === 'sent')).toBe(true);
  const subjects = (await linesOf(file)).map((line) => JSON.parse(line).subject);
  expect(subjects).toEqual(Array.from({ length: 50 }, (_, at) => `${at}.png`));
  if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a file that was moved away is begun anew', async () => {
  const file = join(await temporaryFolder(), 'events.ndjson');
  const target = createFileTarget(file);
  await target.send(eventFor(1), NEVER);
  await rename(file, `${file}.1`);
  await target.send(eventFor(2), NEVER);
  expect((await linesOf(`${file}.1`)).map((line) => JSON.parse(line).subject)).toEqual(['1.png']);
  expect((await linesOf(file)).map((line) => JSON.parse(line).subject)).toEqual(['2.png']);
});

test('half a line that a killed process left spoils no other', async () => {
  const file = join(await temporaryFolder(), 'events.ndjson');
  await appendFile(file, '{"specversion":"1.0","id":"ha');
  await createFileTarget(file).send(eventFor(1), NEVER);
  const [half, whole = ''] = await linesOf(file);
  expect(half).toBe('{"specversion":"1.0","id":"ha');
  expect(JSON.parse(whole).subject).toBe('1.png');
});

test('a file that cannot be written is a failure', async () => {
  const folder = await temporaryFolder();
  const target = createFileTarget(folder);
  expect(await target.send(eventFor(1), NEVER)).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching(/EISDIR/),
  });
  await expect(target.check()).rejects.toThrow(/EISDIR/);
});
