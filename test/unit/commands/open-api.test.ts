import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openApi } from '../../../src/commands/open-api.js';
import { announcedProblemsOf } from '../../../src/commands/option-policy.js';
import { loadConfig } from '../../../src/config/load.js';
import { createLayer } from '../../../src/options/layers.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const TOKENS = 'shop:read:0123456789abcdef';

async function open(env: Record<string, string>) {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const { config } = loadConfig({ cwd: '/nowhere', env });
  const store = await createDirectoryStore({ root: await temporaryFolder() });
  return { api: openApi({ config, store, accepts: () => true, nudge: () => {}, logger }), lines };
}

it.each([
  ['on this machine', {}],
  ['by its name', { CLEARCUT_HTTP_HOST: 'localhost' }],
  ['elsewhere with tokens', { CLEARCUT_HTTP_HOST: '0.0.0.0', CLEARCUT_API_TOKENS: TOKENS }],
])('is there %s', async (_, env) => {
  const { api, lines } = await open(env);
  expect(api).toBeDefined();
  expect(lines).toEqual([]);
});

it('is off where anybody could call it, and says why', async () => {
  const { api, lines } = await open({ CLEARCUT_HTTP_HOST: '0.0.0.0' });
  expect(api).toBeUndefined();
  expect(lines.join()).toMatch(/API is off.*CLEARCUT_API_TOKENS/);
});

it('finds what is wrong with announced options by the configuration they meet', () => {
  const rules = '[{match: "batches/**", options: {format: jpg, bg-color: white}}]';
  const { config } = loadConfig({ cwd: '/nowhere', env: { CLEARCUT_RULES: rules } });
  const problems = announcedProblemsOf(config);
  const given = (options: Record<string, string>) =>
    problems(
      'batches/x/y',
      createLayer(options, (name) => name),
    );
  expect(given({})).toEqual([]);
  expect(given({ 'bg-color': 'none' }).join()).toMatch(/jpg cannot be transparent/);
  expect(given({ preset: 'balanced' })).toEqual(['preset: balanced is not offered']);
  expect(given({ 'bg-image': 'private/x.jpg' }).join()).toMatch(/begins with backgrounds/);
  expect(given({ 'bg-image': 'https://10.0.0.1/x.jpg' }).join()).toMatch(/no URL is ever fetched/);
});
