// Runs programs for the benchmarks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** What `npm start` sets, for those who measure it. */
const ENVIRONMENT = {
  UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)),
  MALLOC_ARENA_MAX: '2',
  ...process.env,
};

/**
 * Runs a program to its end and returns what it wrote to stdout; stderr is shown only where it fails. `accept`: exit
 * codes that are no failure.
 */
export async function run(program, args, { accept = [0], ...options } = {}) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code, signal] = await once(child, 'close');
  if (accept.includes(code)) return stdout;
  const lines = stderr.trim().split('\n').slice(-8).join('\n');
  throw new Error(`${program} ${args.join(' ')} ended with ${signal ?? code}:\n${lines}`);
}

/** Runs a command of Clearcut in a process of its own and returns the JSON that it prints. */
export async function clearcut(args) {
  return JSON.parse(await run(process.execPath, [CLI, ...args, '--json'], { env: ENVIRONMENT }));
}
