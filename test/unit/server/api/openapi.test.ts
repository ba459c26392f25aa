import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { operationsOf, readOpenApi } from './openapi-document.js';
import { serveApi } from './serve-api.js';

const LINT_RULES = `
extends: [recommended-strict]
rules:
  no-invalid-media-type-examples: error
  no-invalid-parameter-examples: error
  no-invalid-schema-examples: error
  operation-tag-defined: error
  operation-description: off
  tag-description: error
  # A server has no host of its own to name, and each answer is a file or a problem.
  no-server-example.com: off
`;

test('the description passes a linter, examples and all', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'openapi.json');
  const config = join(folder, 'redocly.yaml');
  await writeFile(file, JSON.stringify(await readOpenApi(await serveApi())));
  await writeFile(config, LINT_RULES);
  const cli = join('node_modules', '.bin', 'redocly');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const { stdout } = await promisify(execFile)(cli, ['lint', file, '--config', config, '--format=json'], {
    env,
  }).catch((failure) => failure);
  const { problems } = JSON.parse(stdout) as {
    problems: Array<{ message: string; location: Array<{ pointer: string }> }>;
  };
  expect(problems.map(({ message, location }) => `${location[0]?.pointer}: ${message}`)).toEqual([]);
});

test('every operation says what it needs, what goes wrong, and what an answer looks like', async () => {
  const operations = operationsOf(await readOpenApi(await serveApi()));
  expect(operations.length).toBeGreaterThan(3);
  for (const { operation, name } of operations) {
    const scopes = operation.security?.flatMap(({ token = [] }) => token) ?? [];
    expect([name, scopes.length > 0]).toEqual([name, true]);
    expect([name, operation.summary]).toEqual([name, expect.stringMatching(/\w/)]);
    const statuses = Object.keys(operation.responses);
    expect([name, statuses]).toEqual([name, expect.arrayContaining(['400', '401', '403', '429', '503'])]);
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      const where = `${name} ${status}`;
      expect([where, description]).not.toEqual([where, expect.stringMatching(/^(Default|What went wrong)/)]);
      for (const [type, { example }] of Object.entries(content ?? {})) {
        if (type.endsWith('json')) expect([where, example]).toEqual([where, expect.anything()]);
      }
    }
    for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {}))
      if (type.endsWith('json')) expect([name, example]).toEqual([name, expect.anything()]);
  }
});

test('a path says which methods it has to whoever uses another', async () => {
  const { url } = await serveApi();
  const asked = async (method: string, path: string) => {
    const answer = await fetch(`${url}${path}`, { method });
    return [answer.status, answer.headers.get('allow'), answer.headers.get('content-type')];
  };
  for (const { path, method } of operationsOf(await readOpenApi({ url }))) {
    const refused = [405, method, 'application/problem+json'];
    expect(await asked('DELETE', path)).toEqual(refused);
    expect(await asked(method === 'GET' ? 'POST' : 'GET', path)).toEqual(refused);
  }
});

test('everybody who has the address may read the description', async () => {
  const { url } = await serveApi({ tokens: 'shop:upload:0123456789abcdef' });
  expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
});
