import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import ms from 'ms';
import { ClearcutError } from '../errors.js';
import { publicUrlOf } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { EXIT, print } from './terminal.js';
import { frameOf, type Watched } from './top/frame.js';
import { parseScrape, type Scrape } from './top/scrape.js';

interface Options {
  readonly once?: boolean;
  readonly interval: string;
}

/** Milliseconds that a process may take to answer. */
const PATIENCE = 5_000;
const MIN_INTERVAL = 200;
const COLUMNS = 100;

/** To the top left, and what stood below the new picture away; each line clears its own rest. */
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_ALL = '\u001b[2J';

/** `clearcut top [URL...]`: the service at work, live in the terminal. */
export function registerTop(program: Command): void {
  const command = program
    .command('top')
    .description('show running services at work: speed, latencies, queues, memory, dead letters')
    .argument('[url...]', 'addresses of services, or of their metrics ports (default: the configured one)')
    .option('--once', 'print one picture, since the start of each service, and end')
    .addOption(new Option('--interval <duration>', 'time between two looks').default('2s'));
  addSettings(command, ['server.host', 'server.port', 'metrics.port']).action(async (urls: string[]) => {
    const { once = false, interval } = command.opts<Options>();
    const pause = intervalOf(interval);
    const watched = (urls.length > 0 ? urls : [ownUrl(command)]).map(metricsUrl);
    // What goes into a file or a pipe is no place for a moving picture.
    if (once || !process.stdout.isTTY) await showOnce(watched);
    else await showLive(watched, pause);
  });
}

function ownUrl(command: Command): string {
  const { config } = loadSettings(command);
  const { server, metrics } = config;
  return publicUrlOf({ ...config, server: { ...server, publicUrl: '', port: metrics.port || server.port } });
}

/** Throws CONFIG_INVALID for what is no http address. */
function metricsUrl(text: string): string {
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new ClearcutError('CONFIG_INVALID', `${text} is no address such as http://localhost:8787.`);
  const url = new URL(address);
  if (url.pathname === '/') url.pathname = '/metrics';
  return url.href;
}

function intervalOf(text: string): number {
  const interval = ms(text as ms.StringValue);
  if (interval !== undefined && interval >= MIN_INTERVAL) return interval;
  throw new ClearcutError(
    'CONFIG_INVALID',
    `--interval: expected at least ${MIN_INTERVAL}ms, not "${text}".`,
  );
}

async function showOnce(urls: readonly string[]): Promise<void> {
  const scrapes = await Promise.all(urls.map(scrape));
  const watched = urls.map((url, at): Watched => ({ url, pair: pairOf(scrapes[at], undefined) }));
  for (const line of frameOf(watched, Number.POSITIVE_INFINITY)) print(line);
  if (watched.some(({ pair }) => pair === undefined)) process.exitCode = EXIT.failure;
}

async function showLive(urls: readonly string[], pause: number): Promise<void> {
  let before: Array<Scrape | undefined> = [];
  process.stdout.write(CLEAR_ALL);
  // Ended by Ctrl+C, as every such program.
  for (;;) {
    const now = await Promise.all(urls.map(scrape));
    const watched = urls.map((url, at): Watched => ({ url, pair: pairOf(now[at], before[at]) }));
    const lines = frameOf(watched, process.stdout.columns ?? COLUMNS);
    process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
    before = now;
    await sleep(pause);
  }
}

function pairOf(now: Scrape | undefined, before: Scrape | undefined): Watched['pair'] {
  if (now === undefined) return undefined;
  const start = (scrape: Scrape) => scrape.samples.get('process_start_time_seconds')?.[0]?.value;
  // Counters of a process that started anew have nothing to do with those of the one before.
  return before !== undefined && start(before) === start(now) ? { now, before } : { now };
}

/** Undefined where the process does not answer, or what answers is no metrics page. */
async function scrape(url: string): Promise<Scrape | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const text = await response.text();
    if (!response.ok || !text.includes('clearcut_ready')) return undefined;
    return parseScrape(text, Date.now() / 1000);
  } catch {
    return undefined;
  }
}
