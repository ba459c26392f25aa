import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addSettings } from '../../../src/commands/settings-options.js';
import { loadConfig } from '../../../src/config/load.js';
import { SETTINGS } from '../../../src/config/settings.js';
import { ClearcutError } from '../../../src/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** The problems that a configuration is refused with, a line each. */
function problemsOf(sources: Parameters<typeof loadConfig>[0]): string[] {
  try {
    loadConfig({ cwd: '/nowhere', ...sources });
  } catch (error) {
    if (!(error instanceof ClearcutError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''));
  }
  return [];
}

describe('GPUs', () => {
  test.each([
    ['all', 'all'],
    ['0', [0]],
    [' 2, 0', [2, 0]],
  ])('"%s" is %j', (text, gpus) => {
    const { config } = loadConfig({ cwd: '/nowhere', env: { CLEARCUT_DEVICE: 'cuda', CLEARCUT_GPUS: text } });
    expect(config.inference.gpus).toEqual(gpus);
  });

  test('may be a list of numbers in a file', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'clearcut.yaml'), 'inference:\n  device: cuda\n  gpus: [0, 3]\n');
    expect(loadConfig({ cwd }).config.inference.gpus).toEqual([0, 3]);
  });
});

describe('where values come from', () => {
  test('flags come before variables, variables before the file, the file before defaults', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'clearcut.yaml'),
      'input:\n  bucket: from-file\n  prefix: from-file/\noutput:\n  bucket: from-file-too\n',
    );
    const { config } = loadConfig({
      cwd,
      env: { CLEARCUT_INPUT_BUCKET: 'from-variable', CLEARCUT_INPUT_PREFIX: 'from-variable/' },
      flags: { 'input-bucket': 'from-flag' },
    });
    expect(config.input).toMatchObject({ bucket: 'from-flag', prefix: 'from-variable/' });
    expect(config.output.bucket).toBe('from-file-too');
    expect(config.delivery.maxAttempts).toBe(5);
  });

  test('an empty variable counts as not set', () => {
    const { config } = loadConfig({ cwd: '/nowhere', env: { CLEARCUT_OUTPUT_BUCKET: '' } });
    expect(config.output.bucket).toBe('results');
  });

  test('relative folders start at the working folder', () => {
    const { config } = loadConfig({
      cwd: '/srv',
      env: { CLEARCUT_ROOT: 'data', CLEARCUT_MODEL_CACHE: 'models' },
    });
    expect(config.storage.root).toBe('/srv/data');
    expect(config.models.cache).toBe('/srv/models');
  });

  test('a file that was asked for must be there', () => {
    expect(problemsOf({ file: 'mine.yaml' })[0]).toMatch(/^mine\.yaml: cannot be read/);
  });
});

describe('how values are written', () => {
  test.each([
    ['CLEARCUT_MEMORY', '2GiB', 'limits', 'memory', 2 * 1024 ** 3],
    ['CLEARCUT_MAX_BYTES', '10MB', 'limits', 'maxBytes', 10 * 1024 ** 2],
    ['CLEARCUT_MAX_BYTES', '5000', 'limits', 'maxBytes', 5000],
    ['CLEARCUT_SETTLE', '2s', 'delivery', 'settle', 2_000],
    ['CLEARCUT_LINK_EXPIRY', '7d', 'server', 'linkExpiry', 7 * 24 * 3_600_000],
    ['CLEARCUT_WATCH_POLLING', 'yes', 'delivery', 'watchPolling', true],
    ['CLEARCUT_WATCH_POLLING', '0', 'delivery', 'watchPolling', false],
    ['CLEARCUT_INPUT_INCLUDE', '*.jpg, *.png', 'input', 'include', ['*.jpg', '*.png']],
    ['CLEARCUT_PUBLIC_URL', 'https://pictures.example/', 'server', 'publicUrl', 'https://pictures.example'],
  ] as const)('%s=%s', (name, text, section, setting, value) => {
    const { config } = loadConfig({ cwd: '/nowhere', env: { [name]: text } });
    expect((config[section] as Record<string, unknown>)[setting]).toEqual(value);
  });
});

const S3 = { CLEARCUT_STORE: 's3' };

describe('secrets', () => {
  const SECRET = 'very-secret-value';
  const secrets = SETTINGS.filter(({ secret }) => secret);

  test('are known as such', () => {
    expect(secrets.map(({ env }) => env).sort()).toEqual([
      'CLEARCUT_API_TOKENS',
      'CLEARCUT_NATS_URL',
      'CLEARCUT_NOTIFY_WEBHOOKS',
      'CLEARCUT_S3_SECRET_ACCESS_KEY',
      'CLEARCUT_S3_SESSION_TOKEN',
      'CLEARCUT_WEBHOOK_TOKEN',
    ]);
  });

  test('are in no error, whatever else is wrong', () => {
    const env = Object.fromEntries(secrets.map((setting) => [setting.env, SECRET]));
    const problems = problemsOf({
      env: { ...env, ...S3, CLEARCUT_EVENTS: 'nats,sqs', CLEARCUT_MEMORY: 'lots' },
    });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain(SECRET);
  });

  test('have no flag, because a command line is open to the whole machine', () => {
    const command = addSettings(new Command('x'), ['s3', 'events']);
    const flags = command.options.map(({ long }) => long);
    expect(flags).toContain('--s3-endpoint');
    for (const { flag } of secrets) expect(flags).not.toContain(`--${flag}`);
  });
});

test('tokens of the API are kept as hashes, whichever way they are given', () => {
  const secret = 'a-secret-of-the-shop';
  const sha256 = createHash('sha256').update(secret).digest('hex');
  const env = {
    CLEARCUT_API_TOKENS: `shop:upload+read:${secret}, boss:admin:sha256:${sha256.toUpperCase()}`,
  };
  const { config } = loadConfig({ cwd: '/nowhere', env });
  expect(config.api.tokens).toEqual([
    { name: 'shop', scopes: ['upload', 'read'], sha256 },
    { name: 'boss', scopes: ['admin'], sha256 },
  ]);
});

test('S3 and its events are set like everything else; files are found from the working folder', () => {
  const { config } = loadConfig({
    cwd: '/srv',
    env: {
      ...S3,
      CLEARCUT_EVENTS: 'nats, webhook',
      CLEARCUT_WEBHOOK_TOKEN: 'token',
      CLEARCUT_NATS_CREDENTIALS: 'nats.creds',
      CLEARCUT_S3_CA_FILE: 'ca.pem',
      CLEARCUT_ROOT: 'data',
    },
  });
  expect(config.storage).toEqual({ kind: 's3', root: '/srv/data' });
  expect(config.events).toMatchObject({
    sources: ['nats', 'webhook'],
    natsCredentials: '/srv/nats.creds',
    webhookJournal: '/srv/data/.clearcut/webhook',
  });
  expect(config.s3.caFile).toBe('/srv/ca.pem');
});

test.each([
  [undefined, 'auto'],
  ['auto', 'auto'],
  ['20ms', 20],
  ['0', 0],
])('the wait for a fuller batch is auto or a duration: %s', (text, expected) => {
  const env = text === undefined ? {} : { CLEARCUT_BATCH_WAIT: text };
  expect(loadConfig({ cwd: '/nowhere', env }).config.inference.batchWait).toBe(expected);
});

test('no other word stands for a wait', () => {
  expect(problemsOf({ env: { CLEARCUT_BATCH_WAIT: 'soon' } })).toEqual([
    'CLEARCUT_BATCH_WAIT: expected auto or a duration such as 20ms, not "soon"',
  ]);
});

describe('events out', () => {
  const [one, two] = [1, 2].map((byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`);

  test('go to webhooks with the secrets behind their addresses, which may have commas', () => {
    const text = `https://a.example/hook?x=1,2 ${one} ${two},\n  http://b.example ${two}`;
    const { config } = loadConfig({ cwd: '/nowhere', env: { CLEARCUT_NOTIFY_WEBHOOKS: text } });
    expect(config.notify.webhooks).toEqual([
      { url: 'https://a.example/hook?x=1,2', secrets: [one, two] },
      { url: 'http://b.example/', secrets: [two] },
    ]);
  });

  test('may be a list in a file, and their file starts at the working folder', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'clearcut.yaml'),
      `notify:\n  webhooks: [https://a.example/ ${one}]\n  retries: [1s, 500]\n  file: events.ndjson\n`,
    );
    const { notify } = loadConfig({ cwd }).config;
    expect(notify.webhooks).toEqual([{ url: 'https://a.example/', secrets: [one] }]);
    expect(notify.retries).toEqual([1_000, 500]);
    expect(notify.file).toBe(join(cwd, 'events.ndjson'));
  });

  test('are sent again by the schedule of Standard Webhooks unless told otherwise', () => {
    const hours = (count: number) => count * 3_600_000;
    expect(loadConfig({ cwd: '/nowhere' }).config.notify.retries).toEqual([
      5_000,
      300_000,
      1_800_000,
      ...[2, 5, 10, 14, 20, 24].map(hours),
    ]);
    expect(SETTINGS.find(({ env }) => env === 'CLEARCUT_NOTIFY_RETRIES')?.defaultText).toBe(
      '5s,5m,30m,2h,5h,10h,14h,20h,1d',
    );
  });

  test.each([
    ['no address', `shop.example ${one}`, /webhook 1: expected an http/],
    ['a password', `https://me:pw@shop.example ${one}`, /must not hold a user name/],
    ['no secret', `https://a.example ${one}, https://b.example`, /webhook 2: expected a secret/],
    ['a short secret', 'https://a.example whsec_c2hvcnQ=', /base64 of 24 to 64 bytes/],
    ['the same address twice', `https://a.example ${one}, https://a.example ${two}`, /is there twice/],
  ])('a webhook with %s is refused', (_, text, expected) => {
    const problems = problemsOf({ env: { CLEARCUT_NOTIFY_WEBHOOKS: text } });
    expect(problems.join()).toMatch(expected);
    expect(problems.join()).not.toMatch(/whsec_[A-Za-z0-9]|pw@|example/);
  });
});

describe('errors', () => {
  test('are all told at once, each with the place it was written at', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'clearcut.yaml'), 'input:\n  bukket: x\nlimits:\n  maxPixels: many\n');
    const problems = problemsOf({
      cwd,
      env: { CLEARCUT_MEMORY: '2 apples', CLEARCUT_DEVICE: 'gpu', CLEARCUT_PUBLIC_URL: 'ftp://x' },
      flags: { settle: 'soon', 'watch-polling': 'maybe' },
    });
    expect(problems.sort()).toEqual([
      '--settle: expected a duration of at least 50ms and at most 1m, such as 30s, not "soon"',
      '--watch-polling: expected true or false, not "maybe"',
      'CLEARCUT_DEVICE: expected one of cpu, cuda, tensorrt, webgpu, coreml, directml, not "gpu"',
      'CLEARCUT_MEMORY: expected a size of at least 64MB, such as 64MiB, not "2 apples"',
      'CLEARCUT_PUBLIC_URL: expected an http:// or https:// address, not "ftp://x"',
      'input.bukket in clearcut.yaml: there is no such setting',
      'limits.maxPixels in clearcut.yaml: expected a whole number from 1, not "many"',
    ]);
  });

  test.each([
    [
      'output within output',
      { CLEARCUT_RECORD_PREFIX: 'cutouts/records/' },
      /none may be empty or lie within/,
    ],
    [
      'input within output',
      { CLEARCUT_INPUT_BUCKET: 'results', CLEARCUT_INPUT_PREFIX: 'cutouts/new/' },
      /output would feed input/,
    ],
    ['pauses the wrong way round', { CLEARCUT_RETRY_MIN: '2m', CLEARCUT_RETRY_MAX: '1m' }, /is longer than/],
    ['an expiry beyond 7 days', { CLEARCUT_LINK_EXPIRY: '8d' }, /at most 7d/],
    ['a folder watched in S3', { CLEARCUT_STORE: 's3', CLEARCUT_EVENTS: 'directory' }, /watches folders/],
    [
      'S3 events for a folder',
      { CLEARCUT_EVENTS: 'nats' },
      /nats: tell of objects in S3; set CLEARCUT_STORE=s3/,
    ],
    ['SQS without a queue', { ...S3, CLEARCUT_EVENTS: 'sqs' }, /CLEARCUT_SQS_URL: `sqs` needs/],
    [
      'a webhook without a token',
      { ...S3, CLEARCUT_EVENTS: 'webhook' },
      /CLEARCUT_WEBHOOK_TOKEN: `webhook` needs/,
    ],
    ['listening without an address', { ...S3, CLEARCUT_EVENTS: 'minio-listen' }, /in CLEARCUT_S3_ENDPOINT/],
    ['an unknown source', { ...S3, CLEARCUT_EVENTS: 'kafka' }, /expected one of directory, minio-listen/],
    ['half a pair of credentials', { ...S3, CLEARCUT_S3_ACCESS_KEY_ID: 'key' }, /set both, or neither/],
    ['a session without a key', { ...S3, CLEARCUT_S3_SESSION_TOKEN: 'x' }, /belongs to an access key/],
    [
      'a password in an address',
      { ...S3, CLEARCUT_S3_ENDPOINT: 'http://me:pw@minio' },
      /must not hold a user/,
    ],
    [
      'links without a server',
      { ...S3, CLEARCUT_S3_PUBLIC_ENDPOINT: 'http://x' },
      /needs CLEARCUT_S3_ENDPOINT/,
    ],
    ['a target that is no ARN', { ...S3, CLEARCUT_EVENTS_TARGET_ARN: 'nats' }, /expected the ARN of a queue/],
    [
      'a GPU that is no number',
      { CLEARCUT_DEVICE: 'cuda', CLEARCUT_GPUS: '0,x' },
      /GPUS: expected `all`, or/,
    ],
    ['a GPU twice', { CLEARCUT_DEVICE: 'cuda', CLEARCUT_GPUS: '1,01' }, /GPUS: expected `all`, or/],
    ['a GPU for the CPU', { CLEARCUT_GPUS: '0' }, /cpu has no choice of GPUs/],
    [
      'events out within results',
      { CLEARCUT_NOTIFY_PREFIX: 'records/events/' },
      /CLEARCUT_NOTIFY_PREFIX, CLEARCUT_API_PREFIX: none may be empty/,
    ],
    [
      'events that come back as events',
      { CLEARCUT_NOTIFY_NATS_SUBJECT: 'clearcut.events' },
      /is the subject that events come from/,
    ],
    ['a subject with a wildcard', { CLEARCUT_NOTIFY_NATS_SUBJECT: 'a.>' }, /without wildcards/],
    [
      'the queue of events as their target',
      {
        ...S3,
        CLEARCUT_EVENTS: 'sqs',
        CLEARCUT_SQS_URL: 'http://q/1',
        CLEARCUT_NOTIFY_SQS_URL: 'http://q/1/',
      },
      /is the queue that events come from/,
    ],
    ['a topic that is none', { CLEARCUT_NOTIFY_SNS_ARN: 'topic' }, /expected the ARN of a topic/],
    ['pauses that are none', { CLEARCUT_NOTIFY_RETRIES: '5s,soon' }, /expected a duration/],
    [
      'one port for two servers',
      { CLEARCUT_METRICS_PORT: '8787' },
      /CLEARCUT_METRICS_PORT: is CLEARCUT_HTTP_PORT/,
    ],
    [
      'a token without a scope',
      { CLEARCUT_API_TOKENS: 'shop::0123456789abcdef' },
      /token 1: expected scopes/,
    ],
    ['a token of another scope', { CLEARCUT_API_TOKENS: 'shop:write:0123456789abcdef' }, /expected scopes/],
    ['a short token', { CLEARCUT_API_TOKENS: 'shop:read:short' }, /shorter than 16/],
    ['a token with a line break', { CLEARCUT_API_TOKENS: 'shop:read:0123456789\nabcdef' }, /printable/],
    ['half a hash', { CLEARCUT_API_TOKENS: 'shop:read:sha256:0123456789abcdef' }, /64 hex digits/],
    [
      'a token that rotates to other scopes',
      { CLEARCUT_API_TOKENS: 'shop:read:0123456789abcdef, shop:admin:0123456789abcdef' },
      /the entries of shop have different scopes/,
    ],
    ['an origin with a path', { CLEARCUT_API_CORS_ORIGINS: 'https://shop.example/x' }, /expected origins/],
    ['a prefix without room', { CLEARCUT_INPUT_PREFIX: `${'x'.repeat(501)}/` }, /longer than 500 bytes/],
    ['documents of the API within results', { CLEARCUT_API_PREFIX: 'records/' }, /CLEARCUT_API_PREFIX: none/],
    ['a prefix that climbs', { CLEARCUT_INPUT_PREFIX: '../' }, /expected nothing or a folder/],
  ])('%s is refused', (_, env, expected) => {
    expect(problemsOf({ env }).join('\n')).toMatch(expected);
  });

  test('a misspelt variable is a warning; those that Kubernetes sets for a service are not', () => {
    const { warnings } = loadConfig({
      cwd: '/nowhere',
      env: { CLEARCUT_DEVISE: 'cuda', CLEARCUT_SERVICE_HOST: '10.0.0.1', CLEARCUT_PORT: 'tcp://10.0.0.1:80' },
    });
    expect(warnings).toEqual(['CLEARCUT_DEVISE is not a setting: is it misspelt?']);
  });
});

test('every setting has a variable, a flag and a description of its own', () => {
  for (const name of ['env', 'flag', 'doc'] as const) {
    expect(new Set(SETTINGS.map((setting) => setting[name])).size).toBe(SETTINGS.length);
  }
});
