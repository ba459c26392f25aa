import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reapWithUs } from './reaper.js';

/** A server in a process of its own. */
export interface RunningServer {
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** Ends it and starts it again, on the same port and with the same data. */
  restart(): Promise<void>;
  /** Ends it; port and data are kept. `SIGKILL` for a crash. */
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again after `halt`. */
  resume(): Promise<void>;
}

export interface ServerProgram {
  readonly path: string;
  readonly args: (port: number, dataFolder: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the server on this port answers; anything thrown means not yet. */
  readonly isReady: (port: number) => Promise<boolean>;
}

/** How long a server may take to answer, and to end when it is asked to. */
const START_MS = 30_000;
const END_MS = 5_000;
const KEPT_OUTPUT = 4_000;

/** Starts the server on a free port of 127.0.0.1. Throws, with what the server said, where it does not answer. */
export async function startServer(program: ServerProgram): Promise<RunningServer & { port: number }> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'clearcut-server-'));
  const removeData = () => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  const launchOn = (port: number) => launch(program, port, dataFolder);
  try {
    let { port, child } = await onFreePort(launchOn);
    const halt = async (signal?: 'SIGTERM' | 'SIGKILL') => end(child, signal);
    const resume = async () => {
      child = await launchOn(port);
    };
    return {
      port,
      halt,
      resume,
      restart: async () => {
        await halt();
        await resume();
      },
      stop: async () => {
        await halt();
        await removeData();
      },
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}

/** Another program may take the port between our look and the server's start, so a few are tried. */
async function onFreePort(
  launchOn: (port: number) => Promise<ChildProcess>,
): Promise<{ port: number; child: ChildProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { port, child: await launchOn(port) };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function launch(program: ServerProgram, port: number, dataFolder: string): Promise<ChildProcess> {
  const child = spawn(program.path, program.args(port, dataFolder), {
    cwd: dataFolder,
    env: { PATH: process.env['PATH'], HOME: dataFolder, TMPDIR: dataFolder, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  }
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  if (child.pid !== undefined) reapWithUs(child, dataFolder);
  child.once('exit', (code, signal) => {
    failure = `it ended with ${code ?? signal}`;
  });

  const deadline = Date.now() + START_MS;
  while (failure === undefined && Date.now() < deadline) {
    if (await program.isReady(port).catch(() => false)) return child;
    await sleep(50);
  }
  await end(child, 'SIGKILL');
  throw new Error(
    `${program.path} did not start: ${failure ?? `no answer in ${START_MS / 1000} s`}\n${said}`,
  );
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const kill = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(kill);
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
