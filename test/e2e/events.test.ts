import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawSubject } from '../support/draw.js';
import { clearcut, filesBelow, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';
import { SECRET, startReceiver } from '../support/webhook-receiver.js';

const TIMEOUT = 120_000;

test(
  'a receiver that is down while the service is killed gets every event after the next start; top shows it',
  async () => {
    const root = await temporaryFolder();
    const receiver = await startReceiver();
    const takes = receiver.answer;
    receiver.answer = (_request, response) => void response.writeHead(503).end();
    const env = {
      CLEARCUT_MODEL_MAX_SIDE: '256',
      CLEARCUT_NOTIFY_WEBHOOKS: `${receiver.url} ${SECRET}`,
      CLEARCUT_NOTIFY_ALLOW_PRIVATE: 'true',
      CLEARCUT_NOTIFY_RETRIES: '1s,1s,1s,1s,1s,1s,1s,1s',
      CLEARCUT_NOTIFY_FILE: join(root, 'events.ndjson'),
    };
    const killed = await startService(root, env);
    await mkdir(join(root, 'uploads'), { recursive: true });
    const keys = ['a.jpg', 'b.jpg', 'c.jpg'];
    for (const key of keys) await writeFile(join(root, 'uploads', key), await drawSubject());
    await writeFile(join(root, 'uploads', 'no picture.jpg'), 'no picture');
    await until(async () => (await filesBelow(join(root, 'results', 'records'))).length === 3);
    await until(() => receiver.requests.length > 0);
    await killed.stop('SIGKILL');
    expect(receiver.events).toEqual([]);

    receiver.answer = takes;
    const next = await startService(root, env);
    const subjects = () => new Set(receiver.events.map(({ subject }) => subject));
    await until(() => subjects().size === 4);
    expect([...subjects()].sort()).toEqual([...keys, 'no picture.jpg']);
    await until(async () => (await filesBelow(join(root, 'results', 'events'))).length === 0);

    const { server } = next.log().find(({ msg }) => String(msg).startsWith('ready')) ?? {};
    const { code, stdout } = await clearcut(['top', '--once', String(server)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/events out .*sent/);
    expect(await next.stop('SIGTERM')).toBe(0);
    expect(JSON.stringify([killed.log(), next.log()])).not.toMatch(/very-secret|whsec_/);
  },
  TIMEOUT,
);
