import { access, constants, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, freemem } from 'node:os';
import type { Command } from 'commander';
import sharp from 'sharp';
import type { Config } from '../config/schema.js';
import { ClearcutError, messageOf } from '../errors.js';
import type { VariantChoice } from '../inference/variant-choice.js';
import { createLogger } from '../telemetry/logger.js';
import { publicUrlOf, SERVICE_SECTIONS } from './context.js';
import { type Check, check } from './doctor/check.js';
import { notifyChecks } from './doctor/notify-checks.js';
import { showModelProgress } from './model-progress.js';
import { openEngine } from './open-engine.js';
import { addSettings, loadSettings } from './settings-options.js';
import { EXIT, print, printJson } from './terminal.js';

const MARKS = { ok: '✓', advice: '!', wrong: '✗' } as const;
const MiB = 1024 * 1024;

/** `clearcut doctor`: what device, what model, what is wrong, how to mend it. */
export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'check configuration, storage, events in and out, port, device and model; say what is wrong and how to mend it',
    )
    .option('--json', 'print JSON');
  addSettings(command, SERVICE_SECTIONS).action(async () => {
    const { config, warnings } = loadSettings(command);
    const checks = await examine(config, warnings);
    if (command.opts<{ json?: boolean }>().json) printJson(checks);
    else for (const check of checks) show(check);
    if (checks.some((check) => check.status === 'wrong')) process.exitCode = EXIT.failure;
  });
}

async function examine(config: Config, warnings: readonly string[]): Promise<Check[]> {
  const checks: Check[] = [
    {
      name: 'runtime',
      status: 'ok',
      detail: `Node ${process.versions.node}, libvips ${sharp.versions.vips}`,
    },
    ...warnings.map((detail): Check => ({ name: 'configuration', status: 'advice', detail })),
    ...(await storageChecks(config)),
    ...(await notifyChecks(config)),
    await check('port', () => portIsFree(config)),
    threadPoolAdvice(),
    allocatorAdvice(),
    memoryAdvice(config),
  ];
  return [...checks, ...(await modelChecks(config))];
}

async function storageChecks(config: Config): Promise<Check[]> {
  if (config.storage.kind === 'directory') return [await check('folder', () => folderIsWritable(config))];
  const { s3Checks } = await import('./doctor/s3-checks.js');
  const { sourceChecks } = await import('./doctor/source-checks.js');
  return [...(await s3Checks(config)), ...(await sourceChecks(config))];
}

async function folderIsWritable({ storage }: Config): Promise<string> {
  try {
    await mkdir(storage.root, { recursive: true });
    await access(storage.root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ClearcutError('STORE_UNAVAILABLE', `${storage.root} cannot be written: ${messageOf(error)}.`, {
      remedy: 'Give this user the right to write there, or set CLEARCUT_ROOT.',
    });
  }
  return `${storage.root} can be written`;
}

async function portIsFree(config: Config): Promise<string> {
  const { host, port } = config.server;
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, resolve);
    });
  } catch (error) {
    if (await isClearcut(publicUrlOf(config))) return `${host}:${port} is served by a running Clearcut`;
    throw new ClearcutError('CONFIG_INVALID', `${host}:${port} cannot be listened on: ${messageOf(error)}.`, {
      remedy: 'Set CLEARCUT_HTTP_PORT to a free port.',
    });
  } finally {
    probe.close();
  }
  const isS3 = config.storage.kind === 's3';
  return `${host}:${port} is free${isS3 ? '' : `; links start with ${publicUrlOf(config)}`}`;
}

/** Whether our own service answers there. */
async function isClearcut(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  return response !== undefined && 'state' in Object(await response.json().catch(() => undefined));
}

function threadPoolAdvice(): Check {
  const cores = availableParallelism();
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const detail = `${threads} threads for images on ${cores} cores`;
  if (threads >= cores) return { name: 'threads', status: 'ok', detail };
  const remedy = `Set UV_THREADPOOL_SIZE=${cores + 2} before the start; "npm start" does.`;
  return { name: 'threads', status: 'advice', detail, remedy };
}

/** glibc keeps an arena of memory for each of many threads, which big pictures leave full of holes. */
export function allocatorAdvice(): Check {
  const { LD_PRELOAD: preloaded = '', MALLOC_ARENA_MAX: arenas } = process.env;
  if (process.platform !== 'linux' || /(je|tc|mi)malloc/.test(preloaded) || arenas !== undefined) {
    return { name: 'allocator', status: 'ok', detail: 'nothing to set' };
  }
  const detail = 'pictures may leave holes in memory, which then stays taken';
  const remedy = 'Set MALLOC_ARENA_MAX=2 before the start; "npm start" does.';
  return { name: 'allocator', status: 'advice', detail, remedy };
}

function memoryAdvice({ limits }: Config): Check {
  const free = Math.round(freemem() / MiB);
  const budget = Math.round(limits.memory / MiB);
  const detail = `${budget} MiB for pictures in flight, ${free} MiB free`;
  if (budget < free) return { name: 'memory', status: 'ok', detail };
  return { name: 'memory', status: 'advice', detail, remedy: 'Lower CLEARCUT_MEMORY below what is free.' };
}

async function modelChecks(config: Config): Promise<Check[]> {
  let selfTest: Check[] = [];
  const model = await check('model and device', async () => {
    const logger = createLogger({ level: 'silent', format: 'json' });
    const { engine, model, choice, size } = await openEngine(config, logger, showModelProgress());
    if (choice !== undefined) selfTest = [describeChoice(choice)];
    try {
      const { side } = engine;
      const startedAt = performance.now();
      await engine.infer(new Uint8Array(side * side * 3));
      const took = Math.round(performance.now() - startedAt);
      const name = `${model.id} ${model.variant} at ${side} x ${side} on ${config.inference.device}`;
      const { workers, threadsPerWorker } = size;
      return `${name}: ${took} ms a picture (${workers} workers with ${threadsPerWorker} threads)`;
    } finally {
      await engine.close();
    }
  });
  return [...selfTest, model];
}

/** What the self-test found when it ran on this machine. */
function describeChoice({ precision, trials, testedAt }: VariantChoice): Check {
  const found = trials.map((trial) => {
    const time = trial.msPerPicture === undefined ? '' : ` ${Math.round(trial.msPerPicture)} ms a picture`;
    const difference =
      trial.meanDifference === undefined ? '' : `, off by ${trial.meanDifference.toFixed(4)}`;
    const verdict = trial.ok ? '' : ` not taken: ${trial.message}`;
    return `${trial.precision}${time}${difference}${verdict}`;
  });
  return { name: 'self-test', status: 'ok', detail: `${precision} of ${found.join('; ')} (${testedAt})` };
}

function show({ name, status, detail, remedy }: Check): void {
  print(`${MARKS[status]} ${name}: ${detail}`);
  if (remedy !== undefined) print(`    → ${remedy}`);
}
