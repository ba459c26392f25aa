import { join } from 'node:path';
import { expect, test } from 'vitest';
import { notifyChecks } from '../../../src/commands/doctor/notify-checks.js';
import { loadConfig } from '../../../src/config/load.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { SECRET, startReceiver } from '../../support/webhook-receiver.js';

const checksFor = (env: Record<string, string>) =>
  notifyChecks(loadConfig({ cwd: '/nowhere', env: { CLEARCUT_NOTIFY_TIMEOUT: '2s', ...env } }).config);

test('each target is tried, and what is wrong is told without its secrets', async () => {
  const receiver = await startReceiver();
  const webhooks = `${receiver.url} ${SECRET}, http://127.0.0.1:1/?key=very-secret ${SECRET}`;
  const checks = await checksFor({
    CLEARCUT_NOTIFY_WEBHOOKS: webhooks,
    CLEARCUT_NOTIFY_ALLOW_PRIVATE: 'yes',
    CLEARCUT_NOTIFY_FILE: join(await temporaryFolder(), 'events.ndjson'),
    CLEARCUT_NOTIFY_NATS_SUBJECT: 'clearcut.outcomes',
    CLEARCUT_NATS_URL: 'nats://me:very-secret@127.0.0.1:1',
  });
  expect(checks.map(({ name, status }) => [name.replace(/-[0-9a-f]{8}$/, ''), status])).toEqual([
    [`events to webhook-${new URL(receiver.url).host.replace(':', '_')}`, 'ok'],
    ['events to webhook-127.0.0.1_1', 'wrong'],
    ['events to nats', 'wrong'],
    ['events to file', 'ok'],
  ]);
  expect(checks[1]).toMatchObject({ remedy: expect.stringContaining('events wait for it meanwhile') });
  expect(JSON.stringify(checks)).not.toMatch(/very-secret|whsec_/);
});

test('a webhook in a private network that is not allowed is told of before the first event', async () => {
  const receiver = await startReceiver();
  const [check] = await checksFor({ CLEARCUT_NOTIFY_WEBHOOKS: `${receiver.url} ${SECRET}` });
  expect(check).toMatchObject({
    status: 'wrong',
    detail: expect.stringContaining('CLEARCUT_NOTIFY_ALLOW_PRIVATE'),
  });
  expect(receiver.requests).toEqual([]);
});

test('without targets there is nothing to check', async () => {
  expect(await checksFor({})).toEqual([]);
});
