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
      'CLEARCUT_NATS_URL',
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
