import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from './until.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** A run of the compiled command line. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Runs a command to its end. */
export async function clearcut(args: readonly string[], env: Environment = {}): Promise<Finished> {
  const child = start(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export interface RunningService {
  readonly process: ChildProcess;
  /** Its log, one object a line. */
  readonly log: () => Array<Record<string, unknown>>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `clearcut run` on a folder and waits until it is ready. It is killed after the test if it still runs. */
export async function startService(root: string, env: Environment = {}): Promise<RunningService> {
  const child = start(['run'], {
    CLEARCUT_ROOT: root,
    CLEARCUT_HTTP_PORT: '0',
    CLEARCUT_LOG_FORMAT: 'json',
    ...env,
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  const log = () =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the service ended at once:\n${output}`);
    return log().some((line) => String(line['msg']).startsWith('ready'));
  });
  return {
    process: child,
    log,
    async stop(signal) {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

function start(args: readonly string[], env: Environment): ChildProcess {
  // Variables of the machine that runs the tests must not configure what they test; the model's cache is shared.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('CLEARCUT_') || name === 'CLEARCUT_MODEL_CACHE',
  );
  return spawn(process.execPath, [CLI, ...args], { env: { ...Object.fromEntries(inherited), ...env } });
}

/** Files below a folder by their relative names, sorted; none where the folder does not exist. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}
