import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { systemCodeOf } from '../../errors.js';

/** Who holds a lock, and what is needed to find out whether that process still lives. */
export const holderSchema = z.object({
  pid: z.number(),
  host: z.string(),
  /**
   * Where `pid` means something: host, boot and PID namespace. Two containers may share a host name, and one
   * container has another namespace after each start.
   */
  realm: z.string(),
  /** When the process started, in clock ticks since boot; absent where the system does not tell (no /proc). */
  startTime: z.string().optional(),
});

export type Holder = z.infer<typeof holderSchema>;

export async function describeThisProcess(): Promise<Holder> {
  const startTime = await startTimeOf(process.pid);
  return {
    pid: process.pid,
    host: hostname(),
    realm: await thisRealm(),
    ...(startTime !== undefined && { startTime }),
  };
}

/** `unknown` where only its signs of life can tell: it runs elsewhere, or its PID may have been given to another. */
export async function livenessOf(holder: Holder): Promise<'alive' | 'dead' | 'unknown'> {
  if (holder.realm !== (await thisRealm())) return 'unknown';
  if (!exists(holder.pid)) return 'dead';
  const startTime = await startTimeOf(holder.pid);
  if (startTime === undefined || holder.startTime === undefined) return 'unknown';
  return startTime === holder.startTime ? 'alive' : 'dead';
}

async function thisRealm(): Promise<string> {
  const boot = await orEmpty(readFile('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = await orEmpty(readlink('/proc/self/ns/pid'));
  return [hostname(), boot.trim(), namespace].join(' ');
}

/** Field 22 of /proc/PID/stat; see proc_pid_stat(5). The second field, in parentheses, may contain anything. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await orEmpty(readFile(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it exists and belongs to somebody else.
    return systemCodeOf(thrown) !== 'ESRCH';
  }
}

async function orEmpty(pending: Promise<string>): Promise<string> {
  try {
    return await pending;
  } catch {
    return '';
  }
}
