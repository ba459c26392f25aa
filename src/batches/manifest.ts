import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { createLayer, type OptionLayer } from '../options/layers.js';
import { readDocument } from '../pipeline/settlement/documents.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Areas } from './areas.js';

/**
 * The manifest of a batch: what was announced when its upload links were asked for. It is written once, before the
 * first link is given out, and never changed: what becomes of the files is told by the buckets.
 */
const manifestSchema = z.object({
  id: z.string(),
  createdAt: z.iso.datetime(),
  files: z.array(
    z.object({
      key: z.string(),
      /** As its uploader calls it. */
      name: z.string(),
      /** Options of the picture, as they were given. */
      options: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;

export interface Manifests {
  write(manifest: Manifest): Promise<void>;
  /** Undefined where there is no such batch. */
  read(id: string): Promise<Manifest | undefined>;
  /** The options that were announced for an input; undefined where it belongs to no batch. */
  optionsOf(inputKey: string): Promise<OptionLayer | undefined>;
}

/** A thousand files with names of 1,024 characters each and every option. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** Manifests kept in memory, by the number of their files. */
const FILES_REMEMBERED = 20_000;

export function createManifests(store: ObjectStore, bucket: string, areas: Areas): Manifests {
  const known = new LRUCache<string, IndexedManifest>({
    maxSize: FILES_REMEMBERED,
    sizeCalculation: ({ manifest }) => manifest.files.length,
  });

  async function find(id: string): Promise<IndexedManifest | undefined> {
    const remembered = known.get(id);
    if (remembered !== undefined) return remembered;
    const key = areas.manifestKey(id);
    const document = await readDocument(store, bucket, key, manifestSchema, MAX_MANIFEST_BYTES);
    if (document?.content === undefined) return undefined;
    const indexed = indexOf(document.content);
    known.set(id, indexed);
    return indexed;
  }

  return {
    write: async (manifest) => {
      await store.put(bucket, areas.manifestKey(manifest.id), Buffer.from(JSON.stringify(manifest)), {
        contentType: 'application/json',
        ifNoneMatch: '*',
      });
      known.set(manifest.id, indexOf(manifest));
    },
    read: async (id) => (await find(id))?.manifest,
    optionsOf: async (inputKey) => {
      const id = areas.batchOf(inputKey);
      const options = id && (await find(id))?.files.get(inputKey)?.options;
      return options ? announcedLayer(options) : undefined;
    },
  };
}

/** Options as a batch announces them. */
export function announcedLayer(options: Readonly<Record<string, string>>): OptionLayer {
  return createLayer(options, (name) => name);
}

interface IndexedManifest {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Manifest['files'][number]>;
}

function indexOf(manifest: Manifest): IndexedManifest {
  return { manifest, files: new Map(manifest.files.map((file) => [file.key, file])) };
}
