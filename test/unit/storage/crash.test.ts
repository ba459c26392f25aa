import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { compileScript } from '../../support/compiled-sources.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ROUNDS = 8;
let script: string;

beforeAll(async () => {
  const compiled = await compileScript('test/unit/storage/processes/put-forever.ts');
  script = compiled.path;
  return compiled.remove;
});

it('a writer killed at any moment leaves every object whole, with the metadata of its version', async () => {
  const root = await temporaryFolder();
  const store = await createDirectoryStore({ root });
  await store.ensureBucket('uploads');
  const seen = new Set<string>();

  for (let round = 0; round < ROUNDS; round += 1) {
    const child = spawn(process.execPath, [script, root, 'uploads', String(round * 1000)]);
    await puts(child, 10 + round * 7);
    child.kill('SIGKILL');
    await once(child, 'close');

    const again = await createDirectoryStore({ root });
    const keys: string[] = [];
    for await (const { key } of again.list('uploads')) {
      keys.push(key);
      const { head, body } = await again.get('uploads', key);
      const bytes = await buffer(body);
      const fill = Number(head.metadata['fill']);
      expect(bytes.equals(Buffer.alloc(head.size, fill))).toBe(true);
      expect(head.etag).toBe(createHash('md5').update(bytes).digest('hex'));
      seen.add(head.etag);
    }
    expect(keys).toEqual(['a', 'b', 'folder/c', 'folder/d', 'folder/deep/e']);
  }
  // Otherwise the rounds have looked at the same versions all the time.
  expect(seen.size).toBeGreaterThan(ROUNDS);
});

/** Waits for this many completed puts. */
async function puts(child: ChildProcess, count: number): Promise<void> {
  let completed = 0;
  for await (const chunk of child.stdout ?? []) {
    completed += String(chunk).length;
    if (completed >= count) return;
  }
  throw new Error('the writer ended by itself');
}
