import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../../src/storage/directory/lock.js';
import { compileScript } from '../../support/compiled-sources.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let script: string;

beforeAll(async () => {
  const compiled = await compileScript('test/unit/storage/processes/hold-lock.ts');
  script = compiled.path;
  return compiled.remove;
});

/** Starts a process that locks the folder, and what it says of that. */
async function holder(root: string): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, [script, root]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { child, says: String(said).trim() };
}

const locksOf = (root: string) => readdir(join(root, '.clearcut', 'lock'));

describe('lockFolder', () => {
  it('refuses a folder that another process serves, and names that process', async () => {
    const root = await temporaryFolder();
    const { child, says } = await holder(root);
    expect(says).toBe('locked');
    await expect(lockFolder(root)).rejects.toMatchObject({
      code: 'FOLDER_IN_USE',
      message: expect.stringContaining(`process ${child.pid} on ${hostname()}`),
    });
  });

  it('refuses a folder that this process serves already', async () => {
    const root = await temporaryFolder();
    const release = await lockFolder(root);
    await expect(lockFolder(root)).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
    await release();
  });

  it('lets one of many win that start at once', async () => {
    const root = await temporaryFolder();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(root)));
    const releases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(releases).toHaveLength(1);
    for (const release of releases) await release();
  });

  it('takes over after the holder was killed', async () => {
    const root = await temporaryFolder();
    const { child } = await holder(root);
    child.kill('SIGKILL');
    await once(child, 'close');
    const release = await lockFolder(root);
    const { says } = await holder(root);
    expect(says).toContain(`process ${process.pid} on`);
    await release();
  });

  it('can be locked again after a release, and keeps one file', async () => {
    const root = await temporaryFolder();
    for (let round = 0; round < 3; round += 1) {
      const release = await lockFolder(root);
      await release();
    }
    expect(await locksOf(root)).toEqual(['3']);
  });

  it('lets one of many win that take over from a killed holder at once', async () => {
    const root = await temporaryFolder();
    const { child } = await holder(root);
    child.kill('SIGKILL');
    await once(child, 'close');
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => holder(root)));
    expect(outcomes.filter(({ says }) => says === 'locked')).toHaveLength(1);
    expect(outcomes.filter(({ says }) => says.includes('already in use'))).toHaveLength(5);
  });

  it.skipIf(process.platform !== 'linux')(
    'recognises that the PID of a dead holder was given to another process',
    async () => {
      const root = await temporaryFolder();
      await (await lockFolder(root))();
      await pretend(root, (holder) => ({ ...holder, startTime: '1' }));
      await (await lockFolder(root, { silence: 1e9 }))();
    },
  );

  it('of a holder on another machine is respected while that shows life', async () => {
    const root = await temporaryFolder();
    await (await lockFolder(root))();
    const path = await pretend(root, (holder) => ({
      ...holder,
      host: 'elsewhere',
      realm: 'elsewhere',
      pid: 4242,
    }));
    const alive = setInterval(() => void utimes(path, new Date(), new Date()), 20);
    onTestFinished(() => clearInterval(alive));
    await expect(lockFolder(root, { silence: 1000 })).rejects.toThrow('process 4242 on elsewhere');
  });

  it('of a holder on another machine is taken over once that falls silent', async () => {
    const root = await temporaryFolder();
    await (await lockFolder(root))();
    await pretend(root, (holder) => ({ ...holder, host: 'elsewhere', realm: 'elsewhere' }));
    const release = await lockFolder(root, { silence: 100 });
    await release();
  });

  it('shows signs of life, and tells when it was lost', async () => {
    const root = await temporaryFolder();
    let lost = 0;
    const release = await lockFolder(root, {
      heartbeat: 10,
      onLost: () => {
        lost += 1;
      },
    });
    const [name = ''] = await locksOf(root);
    const path = join(root, '.clearcut', 'lock', name);
    await utimes(path, new Date(0), new Date(0));
    await expect.poll(async () => (await stat(path)).mtimeMs > 0).toBe(true);
    expect(lost).toBe(0);
    await rm(path);
    await expect.poll(() => lost).toBe(1);
    await release();
  });

  it('takes over a damaged lock once it is silent', async () => {
    const root = await temporaryFolder();
    await (await lockFolder(root))();
    await writeFile(join(root, '.clearcut', 'lock', '1'), 'damaged');
    await (await lockFolder(root, { silence: 100 }))();
  });
});

/** Makes the released lock one that is held, by a changed holder. Returns its path. */
async function pretend(root: string, change: (holder: object) => object): Promise<string> {
  const [name = ''] = await locksOf(root);
  const path = join(root, '.clearcut', 'lock', name);
  const lock = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ holder: change(lock.holder), released: false }));
  return path;
}
