import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/schema.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { openStore } from '../context.js';

/** Where a benchmark puts its uploads and results; nothing of it stays. */
export interface BenchPlace {
  /** The configuration, with a root, prefixes and a bucket for the benchmark alone. */
  readonly config: Config;
  readonly store: ObjectStore;
  /** For files that belong to no bucket. */
  readonly scratch: string;
  remove(): Promise<void>;
}

/**
 * A folder of its own in the output bucket, among the cut-outs: no running service takes them for uploads. The bucket
 * is the real one on S3, else in a temporary folder.
 */
export async function openPlace(config: Config): Promise<BenchPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'clearcut-bench-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const { bucket, cutoutPrefix } = config.output;
    const area = `${cutoutPrefix}clearcut-bench-${randomBytes(8).toString('hex')}/`;
    const own = within(area, { ...config, storage: { ...config.storage, root: join(folder, 'buckets') } });
    const { store } = await openStore(own);
    const isS3 = config.storage.kind === 's3';
    if (!isS3) await store.ensureBucket(bucket);
    return {
      config: own,
      store,
      scratch: folder,
      async remove() {
        try {
          if (isS3) await removeAll(store, bucket, area);
        } finally {
          await removeFolder();
        }
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

async function removeAll(store: ObjectStore, bucket: string, prefix: string): Promise<void> {
  for await (const { key } of store.list(bucket, { prefix })) await store.delete(bucket, key);
}

function within(area: string, config: Config): Config {
  return {
    ...config,
    input: {
      ...config.input,
      bucket: config.output.bucket,
      prefix: `${area}uploads/`,
      include: ['**'],
      exclude: [],
    },
    output: {
      ...config.output,
      cutoutPrefix: `${area}cutouts/`,
      maskPrefix: `${area}masks/`,
      recordPrefix: `${area}records/`,
      deadLetterPrefix: `${area}dead-letters/`,
    },
  };
}
