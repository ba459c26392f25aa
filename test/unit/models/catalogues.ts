import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { CatalogueModel, UrlSource } from '../../../src/models/catalogue.js';
import { NETWORK_SIDE } from './network.js';

export const MODEL_ID = 'network';

/** A catalogue of one model: the small network, from these sources. */
export function catalogueOf(...sources: CatalogueModel['sources']): CatalogueModel[] {
  return [
    {
      id: MODEL_ID,
      name: 'Small network',
      task: 'Tests',
      licence: 'Apache-2.0',
      homepage: 'https://example.com/',
      nonCommercial: false,
      input: {
        name: 'input',
        side: NETWORK_SIDE,
        sideStep: 8,
        mean: [0.5, 0.5, 0.5],
        std: [1, 1, 1],
        order: 'rgb',
        layout: 'nchw',
        resize: 'stretch',
        padding: 0,
        kernel: 'lanczos3',
      },
      output: { name: 'output', activation: 'none', range: [0, 1], normalise: 'min-max' },
      batch: 'any',
      presets: { quality: preset(NETWORK_SIDE), balanced: preset(12), fast: preset(8) },
      sources,
    },
  ];
}

/** The float32 form at the network's own side. */
export const FLOAT32 = { preset: 'quality', precision: 'fp32' } as const;

function preset(side: number) {
  return { side, sideOutput: 0 };
}

/** A source for a file that is known by size and SHA-256, and need not be held against what is prepared from it. */
export function urlSource(url: string, bytes: Buffer): UrlSource {
  return { kind: 'url', url, size: bytes.length, sha256: hexOf('sha256', bytes), tested: true };
}

export function hexOf(algorithm: 'sha256' | 'md5', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Every file below a folder, by its path there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1).replaceAll('\\', '/'))
    .sort();
}
