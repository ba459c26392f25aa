import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../../src/config/settings.js';

/** Files that set up a service somewhere: a setting that was renamed would be passed over in silence by most of them. */
const FOLDERS = ['infra/compose', 'infra/kubernetes', 'infra/systemd', 'infra/terraform'];
const FILES = [
  'Dockerfile',
  'docker-compose.yml',
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  ),
];
const KNOWN = new Set(SETTINGS.map(({ env }) => env));

describe('the settings of the deployment files', () => {
  it.each(FILES)('in %s are those of the schema', (file) => {
    const named = readFileSync(file, 'utf8').match(/\bCLEARCUT_[A-Z0-9_]+/g) ?? [];
    const own = named.filter((name) => !/^CLEARCUT_(NAME|TAG)$/.test(name));
    expect(own.filter((name) => !KNOWN.has(name))).toEqual([]);
  });
});
