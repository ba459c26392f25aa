// Ends the servers of a test process that ended without doing so, killed or not. Its input has a line for each change:
// `+ PID FOLDER` for a server that runs, `- PID` for one that has ended. Once the input ends the test process is gone.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const servers = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [change, pid, folder] = line.split(' ');
  if (change === '+') servers.set(Number(pid), folder);
  else servers.delete(Number(pid));
}
for (const pid of servers.keys()) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
await sleep(200);
for (const folder of servers.values()) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
