import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { ClearcutError, messageOf } from '../errors.js';

interface TableKind<Table> {
  readonly schema: z.ZodType<Table>;
  /** Such as `calibration`. */
  readonly what: string;
  /** What to do where it cannot be read. */
  readonly remedy: string;
}

/** A table of numbers of a network, from a JSON file. Throws MODEL_UNSUPPORTED. */
export async function readTable<Table>(
  file: string,
  { schema, what, remedy }: TableKind<Table>,
): Promise<Table> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `The ${what} table ${file} cannot be read: ${messageOf(error)}.`,
      { remedy, cause: error },
    );
  }
}
