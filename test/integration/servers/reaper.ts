import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let reaper: ReturnType<typeof startReaper> | undefined;

/** Makes sure that the server does not outlive this process, however it ends; its folder goes with it. */
export function reapWithUs(server: ChildProcess, dataFolder: string): void {
  reaper ??= startReaper();
  const { stdin } = reaper;
  stdin.write(`+ ${server.pid} ${dataFolder}\n`);
  server.once('exit', () => stdin.write(`- ${server.pid}\n`));
}

/** A process of its own, in a group of its own: what ends ours, Ctrl+C or a kill, must not end it. */
function startReaper() {
  const script = fileURLToPath(new URL('./reaper.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  // Typed as a plain stream; it is a pipe, which would keep this process alive.
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return child;
}
