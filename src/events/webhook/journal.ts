import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.js';
import { guard } from '../../storage/directory/fs-errors.js';
import { syncFolder } from '../../storage/directory/layout.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ObjectEvent } from '../event-source.js';

export interface JournalEntry {
  readonly event: ObjectEvent;
  readonly file: string;
  /** Rises with each event that was added; 0 for those of an earlier run. */
  readonly order: number;
}

/** A folder with one small file for each event that was accepted and whose outcome is not stored yet. */
export interface Journal {
  /** Resolves when the events would survive a power cut. Throws STORE_UNAVAILABLE; nothing is left behind then. */
  add(events: readonly ObjectEvent[]): Promise<JournalEntry[]>;
  /** An entry that cannot be removed comes back at the next start, which does no harm: it is logged. */
  remove(entry: JournalEntry): Promise<void>;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** What was there, in the order in which it was added. */
  readonly entries: readonly JournalEntry[];
}

const SUFFIX = '.json';

const eventSchema = z.object({
  kind: z.enum(['created', 'removed']),
  bucket: z.string().min(1),
  key: z.string().min(1),
  etag: z.string().exactOptional(),
  size: z.number().exactOptional(),
});

/**
 * Opens the journal in a folder, which is made where it does not exist, and reads what is there. A file that is
 * incomplete was being written when the process died: its sender never got an answer, so it is removed. Throws
 * STORE_UNAVAILABLE where the folder cannot be used.
 */
export async function openJournal(folder: string, logger: Logger): Promise<OpenedJournal> {
  const names = await guard({}, async () => {
    await mkdir(folder, { recursive: true });
    return readdir(folder);
  });
  const entries: JournalEntry[] = [];
  for (const name of names.filter((name) => name.endsWith(SUFFIX)).sort()) {
    const file = join(folder, name);
    const event = parse(await guard({}, () => readFile(file, 'utf8')));
    if (event !== undefined) entries.push({ event, file, order: 0 });
    else {
      logger.warn({ file }, 'an incomplete entry of the webhook journal was removed');
      await remove(file, logger);
    }
  }

  let order = 0;
  function newEntry(event: ObjectEvent): JournalEntry {
    order += 1;
    // Sorts by time, and within a millisecond by order; unique whatever the clock does.
    const name = `${padded(Date.now())}-${padded(order)}-${randomUUID()}${SUFFIX}`;
    return { event, file: join(folder, name), order };
  }

  return {
    entries,
    journal: {
      async add(events) {
        const added = events.map(newEntry);
        try {
          await guard({}, async () => {
            await Promise.all(added.map(write));
            await syncFolder(folder);
          });
        } catch (thrown) {
          await Promise.all(added.map(({ file }) => remove(file, logger)));
          throw thrown;
        }
        return added;
      },
      remove: ({ file }) => remove(file, logger),
    },
  };
}

async function write({ event, file }: JournalEntry): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(event));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function remove(file: string, logger: Logger): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (thrown) {
    logger.warn({ file, reason: messageOf(thrown) }, 'an entry of the webhook journal cannot be removed');
  }
}

function parse(text: string): ObjectEvent | undefined {
  try {
    return eventSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function padded(number: number): string {
  return String(number).padStart(16, '0');
}
