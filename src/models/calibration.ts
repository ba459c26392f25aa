import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { StatsByValue } from './quantize/activation-stats.js';
import { readTable } from './read-table.js';

/** The same place seen from src/models and from dist/models. */
const CALIBRATION_FOLDER = new URL('../../models/calibration/', import.meta.url);

const tableSchema = z.object({
  model: z.string(),
  /** What it was made from, in words. */
  from: z.string(),
  values: z.record(z.string(), z.object({ min: z.number(), max: z.number(), mean: z.array(z.number()) })),
});

export type CalibrationTable = z.infer<typeof tableSchema>;

/** The path of a shipped table. */
export function calibrationPath(name: string): string {
  return fileURLToPath(new URL(name, CALIBRATION_FOLDER));
}

/** Throws MODEL_UNSUPPORTED. */
export async function readCalibration(file: string): Promise<CalibrationTable> {
  return await readTable(file, {
    schema: tableSchema,
    what: 'calibration',
    remedy: 'Make it again: clearcut models calibrate FOLDER -o FILE.',
  });
}

export function statsOf({ values }: CalibrationTable): StatsByValue {
  return new Map(Object.entries(values));
}

/** The table as it is committed: a value a line, so that a change can be read; three digits are more than int8 has. */
export function writeTable({ model, from, values }: CalibrationTable): string {
  const lines = Object.entries(values).map(([value, { min, max, mean }]) => {
    const rounded = { min: round(min), max: round(max), mean: mean.map(round) };
    return `    ${JSON.stringify(value)}: ${JSON.stringify(rounded)}`;
  });
  const head = `  "model": ${JSON.stringify(model)},\n  "from": ${JSON.stringify(from)},`;
  return `{\n${head}\n  "values": {\n${lines.join(',\n')}\n  }\n}\n`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
