import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { unlessMissing } from './fs-errors.js';
import type { FileIdentity } from './identity.js';
import { type Layout, newTempPath, syncFolder } from './layout.js';

/**
 * What the file system does not keep of an object: content type, user metadata, tags, and the ETag so that it need
 * not be computed again. Each version of a file has a sidecar of its own, named after the key's hash and the file's
 * identity. So it can be written before the file appears, concurrent writers never overwrite each other's, and one
 * that a crash leaves behind describes a file that does not exist: it is harmless.
 */
const sidecarSchema = z.object({
  /** For people who look into the folder. */
  key: z.string(),
  etag: z.string(),
  /** Bytes. */
  size: z.number(),
  /** Absent where nobody gave one. */
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  /** Absent where there are none. */
  tags: z.record(z.string(), z.string()).optional(),
  /** Milliseconds since 1970. */
  writtenAt: z.number(),
});

export type Sidecar = z.infer<typeof sidecarSchema>;

/** The object that a sidecar belongs to. */
export interface SidecarOwner {
  readonly bucket: string;
  readonly key: string;
}

/** Milliseconds: a younger sidecar of another identity may belong to a writer about to finish. */
const LEFTOVER_AFTER = 60 * 60 * 1000;

export async function readSidecar(
  layout: Layout,
  owner: SidecarOwner,
  identity: FileIdentity,
): Promise<Sidecar | undefined> {
  return parseSidecar(sidecarPath(layout, owner, identity));
}

/** Writes it whole or not at all; `durable` waits until it is on the disk. */
export async function writeSidecar(
  layout: Layout,
  owner: SidecarOwner,
  identity: FileIdentity,
  sidecar: Sidecar,
  durable: boolean,
): Promise<void> {
  const path = sidecarPath(layout, owner, identity);
  const temp = newTempPath(layout);
  try {
    const handle = await open(temp, 'wx');
    try {
      await handle.writeFile(JSON.stringify(sidecar));
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await mkdir(dirname(path), { recursive: true });
    await rename(temp, path);
  } catch (thrown) {
    await rm(temp, { force: true });
    throw thrown;
  }
  if (durable) await syncFolder(dirname(path));
}

export async function removeSidecar(
  layout: Layout,
  owner: SidecarOwner,
  identity: FileIdentity,
): Promise<void> {
  await rm(sidecarPath(layout, owner, identity), { force: true });
}

/**
 * The newest sidecar of the key that describes the same content under another identity: what a copied or restored
 * tree has of the original.
 */
export async function findByContent(
  layout: Layout,
  owner: SidecarOwner,
  content: { readonly etag: string; readonly size: number },
): Promise<Sidecar | undefined> {
  let newest: Sidecar | undefined;
  for (const path of await sidecarsOf(layout, owner)) {
    const sidecar = await parseSidecar(path);
    if (sidecar?.etag !== content.etag || sidecar.size !== content.size) continue;
    if (newest === undefined || sidecar.writtenAt > newest.writtenAt) newest = sidecar;
  }
  return newest;
}

/** Removes the sidecars of the key that describe other versions than `current`, unless they are young. */
export async function removeLeftovers(
  layout: Layout,
  owner: SidecarOwner,
  current: FileIdentity,
): Promise<void> {
  const kept = sidecarPath(layout, owner, current);
  for (const path of await sidecarsOf(layout, owner)) {
    if (path === kept) continue;
    const age = Date.now() - ((await unlessMissing(stat(path)))?.mtimeMs ?? 0);
    if (age > LEFTOVER_AFTER) await rm(path, { force: true });
  }
}

async function sidecarsOf(layout: Layout, owner: SidecarOwner): Promise<string[]> {
  const { folder, stem } = sidecarName(layout, owner);
  const names = (await unlessMissing(readdir(folder))) ?? [];
  return names.filter((name) => name.startsWith(stem)).map((name) => join(folder, name));
}

async function parseSidecar(path: string): Promise<Sidecar | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  if (text === undefined) return undefined;
  try {
    return sidecarSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Cut short by a power failure, or edited by hand: as good as none.
    return undefined;
  }
}

function sidecarPath(layout: Layout, owner: SidecarOwner, identity: FileIdentity): string {
  const { folder, stem } = sidecarName(layout, owner);
  return join(folder, `${stem}${identity}.json`);
}

/** Hashing keeps names short and apart, also where two keys differ only in case. 4,096 folders share the load. */
function sidecarName({ meta }: Layout, { bucket, key }: SidecarOwner): { folder: string; stem: string } {
  const hash = createHash('sha256').update(key).digest('hex');
  return { folder: join(meta, bucket, hash.slice(0, 3)), stem: `${hash}~` };
}
