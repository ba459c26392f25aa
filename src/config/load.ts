import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { ClearcutError, messageOf, systemCodeOf } from '../errors.js';
import { crossChecks } from './cross-checks.js';
import { type Config, configSchema } from './schema.js';
import { SETTINGS, type Setting } from './settings.js';

const DEFAULT_CONFIG_FILE = 'clearcut.yaml';

export interface ConfigSources {
  /** Values of flags by their name without dashes, such as `input-prefix`. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The configuration file; where it is not given, `clearcut.yaml` is read if it exists. */
  readonly file?: string | undefined;
  /** Folder that relative file names start from. */
  readonly cwd?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Things that look like mistakes but stop nothing. */
  readonly warnings: readonly string[];
}

type Origin = { readonly text: string };
type Sections = Record<string, Record<string, unknown>>;

/**
 * Reads the configuration: flags before environment variables before the file before defaults. Throws
 * CONFIG_INVALID with every error of every source at once, each naming where the value was written.
 */
export function loadConfig(sources: ConfigSources = {}): LoadedConfig {
  const { flags = {}, env = {}, cwd = process.cwd() } = sources;
  const problems: string[] = [];
  const origins = new Map<string, Origin>();

  const file = readConfigFile(sources.file ?? env['CLEARCUT_CONFIG'], cwd, problems);
  const values: Sections = file.sections;
  for (const setting of SETTINGS) {
    const [section, name] = setting.path;
    const place = `${section}.${name}`;
    origins.set(place, { text: `${place} in ${file.name}` });
    const given = givenOutsideFile(setting, flags, env);
    if (given === undefined) continue;
    origins.set(place, { text: given.origin });
    values[section] = { ...values[section], [name]: given.value };
  }

  const parsed = configSchema.safeParse(values);
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, origins, file.name)));
  const config = parsed.data;
  if (config !== undefined) problems.push(...crossChecks(config));
  if (config === undefined || problems.length > 0) {
    throw new ClearcutError(
      'CONFIG_INVALID',
      `The configuration has ${count(problems.length)}:\n${bullets(problems)}`,
    );
  }
  return { config: withAbsolutePaths(config, cwd), warnings: unknownVariables(env) };
}

function withAbsolutePaths(config: Config, cwd: string): Config {
  const absolute = (path: string) => (path === '' ? '' : resolve(cwd, path));
  const { storage, models, s3, events, notify } = config;
  const root = absolute(storage.root);
  return {
    ...config,
    storage: { ...storage, root },
    models: { ...models, cache: absolute(models.cache) },
    s3: { ...s3, caFile: absolute(s3.caFile) },
    notify: { ...notify, file: absolute(notify.file) },
    events: {
      ...events,
      natsCredentials: absolute(events.natsCredentials),
      webhookJournal: absolute(events.webhookJournal) || join(root, '.clearcut', 'webhook'),
    },
  };
}

function givenOutsideFile(
  setting: Setting,
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): { value: string; origin: string } | undefined {
  const fromFlag = flags[setting.flag];
  if (fromFlag !== undefined) return { value: fromFlag, origin: `--${setting.flag}` };
  const fromEnv = env[setting.env];
  if (fromEnv !== undefined && fromEnv !== '') return { value: fromEnv, origin: setting.env };
  return undefined;
}

function readConfigFile(
  given: string | undefined,
  cwd: string,
  problems: string[],
): { name: string; sections: Sections } {
  const name = given ?? DEFAULT_CONFIG_FILE;
  let text: string;
  try {
    text = readFileSync(resolve(cwd, name), 'utf8');
  } catch (error) {
    const absentDefault = given === undefined && systemCodeOf(error) === 'ENOENT';
    if (!absentDefault) problems.push(`${name}: cannot be read (${messageOf(error)})`);
    return { name, sections: {} };
  }
  try {
    const content: unknown = parseYaml(text) ?? {};
    if (isPlainObject(content) && Object.values(content).every(isPlainObject)) {
      return { name, sections: content as Sections };
    }
    problems.push(
      `${name}: expected sections with settings, such as "input:" with "prefix: photos/" indented below`,
    );
  } catch (error) {
    problems.push(`${name}: is not YAML (${messageOf(error).split('\n')[0]})`);
  }
  return { name, sections: {} };
}

function describeIssue(issue: z.core.$ZodIssue, origins: Map<string, Origin>, file: string): string[] {
  const place = issue.path.slice(0, 2).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${[place, key].filter(Boolean).join('.')} in ${file}: there is no such setting`,
    );
  }
  return [`${origins.get(place)?.text ?? place}: ${detailOf(issue)}`];
}

/** A union reports that no branch fitted; the branch that came furthest says what was expected. */
function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return issue.message;
  const inner = issue.errors.flat().find((candidate) => candidate.code !== 'invalid_type');
  return inner?.message ?? issue.message;
}

/** Kubernetes adds variables for a service named "clearcut", so an unknown name is no error. */
function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([...SETTINGS.map((setting) => setting.env), 'CLEARCUT_CONFIG']);
  const fromKubernetes = /^CLEARCUT_(SERVICE_|PORT)/;
  return Object.keys(env)
    .filter((name) => name.startsWith('CLEARCUT_') && !known.has(name) && !fromKubernetes.test(name))
    .map((name) => `${name} is not a setting: is it misspelt?`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(problems: number): string {
  return problems === 1 ? 'one error' : `${problems} errors`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n');
}
