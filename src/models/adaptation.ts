import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ChannelsByValue } from './graph/adapt-channels.js';
import { readTable } from './read-table.js';

/** The same place seen from src/models and from dist/models. */
const ADAPTATION_FOLDER = new URL('../../models/adaptation/', import.meta.url);

/**
 * What fits a network to a side that it was not trained at: for each channel of each convolution a factor and a shift.
 * training/adapt.py finds them.
 */
const tableSchema = z.object({
  model: z.string(),
  /** What it was made from, in words. */
  from: z.string(),
  values: z.record(z.string(), z.object({ gain: z.array(z.number()), shift: z.array(z.number()) })),
});

/** The path of a table: shipped ones by their names, those of users by their URLs. */
export function adaptationPath(name: string): string {
  return fileURLToPath(new URL(name, ADAPTATION_FOLDER));
}

/** Throws MODEL_UNSUPPORTED. */
export async function readAdaptation(file: string): Promise<ChannelsByValue> {
  const { values } = await readTable(file, {
    schema: tableSchema,
    what: 'adaptation',
    remedy: 'Make it again with training/adapt.py, or leave it out of the preset.',
  });
  return new Map(Object.entries(values));
}
