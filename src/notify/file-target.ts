import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../errors.js';
import { syncFolder } from '../storage/directory/layout.js';
import { type Answer, failed, SENT, type Target } from './target.js';

const NEWLINE = 0x0a;

interface Waiting {
  readonly line: string;
  resolve(answer: Answer): void;
}

/**
 * Events to a file, one line of JSON each (NDJSON), on the disk before they count as sent. The file is opened for each
 * batch anew, so it may be moved away at any time (logrotate, without `copytruncate`). Readable by its owner alone:
 * results carry links.
 */
export function createFileTarget(file: string): Target {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  /** Writes what waits, and what came meanwhile: one sync for all that came during the last one. */
  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const answer = await append(file, batch.map(({ line }) => `${line}\n`).join('')).then(
        () => SENT,
        (thrown: unknown) => failed(messageOf(thrown)),
      );
      for (const { resolve } of batch) resolve(answer);
    }
    writing = undefined;
  }

  return {
    name: 'file',
    send: ({ body }) =>
      new Promise<Answer>((resolve) => {
        waiting.push({ line: body, resolve });
        writing ??= writeAll();
      }),
    async check() {
      await append(file, '');
      return `${file} can be written`;
    },
    close: async () => writing,
  };
}

async function append(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, 'a+', 0o600);
  try {
    if (text === '') return;
    // A process that was killed, or a full disk, may have left half a line; that event comes again whole.
    const { size } = await handle.stat();
    await handle.appendFile((await endsWithinLine(handle, size)) ? `\n${text}` : text);
    await handle.datasync();
    // Of a new file the name must last as well.
    if (size === 0) await syncFolder(dirname(file));
  } finally {
    await handle.close();
  }
}

async function endsWithinLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}
