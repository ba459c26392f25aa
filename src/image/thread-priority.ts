import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** The least urgent there is (nice(2)). */
const LAST = 19;

/**
 * Lets the threads of the model go before the calling thread, where the system has priorities for threads (Linux). An
 * inference is split between all cores and waits for the last of them: a picture that takes a core for 20 ms holds up
 * the others as well. Out of the way, pictures use what inference leaves over; where they fall behind, inference runs
 * out of pictures and leaves more.
 */
export function yieldToInference(): void {
  if (process.platform !== 'linux') return;
  try {
    // "PID/task/TID" of the thread that asks (proc(5)); priorities are by thread (setpriority(2)).
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, LAST);
  } catch {
    // Without /proc, or not allowed: all goes on at one priority.
  }
}
