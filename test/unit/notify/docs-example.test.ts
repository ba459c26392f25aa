import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { eventOf } from '../../../src/notify/outcome-event.js';
import { createWebhookTarget } from '../../../src/notify/webhook-target.js';
import { freePort } from '../../integration/servers/server-process.js';
import { until } from '../../support/until.js';
import { NEW_SECRET, SECRET } from '../../support/webhook-receiver.js';
import { resultNews } from './news.js';

const NEVER = new AbortController().signal;

test('the receiver that docs/events.md shows takes what is signed, and nothing else', async () => {
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(await readFile('docs/events.md', 'utf8')) ?? [];
  const port = await freePort();
  const code = example.replace('8080', String(port));
  expect(code).not.toBe(example);
  const receiver = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, SECRET },
  });
  onTestFinished(async () => {
    receiver.kill();
    await once(receiver, 'exit');
  });
  let output = '';
  receiver.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const targetWith = (secret: string) => {
    const url = `http://127.0.0.1:${port}/`;
    const target = createWebhookTarget({ url, secrets: [secret], allowPrivate: true, timeoutMs: 10_000 });
    onTestFinished(() => target.close());
    return target;
  };
  const right = targetWith(SECRET);
  await until(async () => (await right.send(eventOf(resultNews()), NEVER)).kind === 'sent');
  expect(output).toBe('clearcut.result a.png\n');
  const wrong = await targetWith(NEW_SECRET).send(eventOf(resultNews()), NEVER);
  expect(wrong).toMatchObject({ kind: 'failed', reason: 'it answered 401' });
});
