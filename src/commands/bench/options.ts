import { z } from 'zod';
import { whole } from '../../config/values.js';
import { ClearcutError } from '../../errors.js';

const optionsSchema = z.object({
  images: whole(1, 1_000_000).default(100),
  input: z.string().optional(),
  megapixels: decimal(0.01, 100).default(1),
  rate: decimal(0, 100_000).default(0),
  seed: z.string().default('1'),
  warmup: whole(0, 100_000).default(2),
  price: decimal(0, 1_000_000).optional(),
  bare: z.boolean().default(false),
  out: z.string().optional(),
  /** True: on stdout; a text: into that file. */
  json: z.union([z.literal(true), z.string()]).optional(),
});

/** What the command line asks of `clearcut bench`, beside the settings. */
export type BenchOptions = z.output<typeof optionsSchema>;

/** Throws CONFIG_INVALID with every mistake at once. */
export function parseBenchOptions(given: Record<string, unknown>): BenchOptions {
  const parsed = optionsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `  - --${path.join('.')}: ${message}`);
  throw new ClearcutError('CONFIG_INVALID', `The options are wrong:\n${problems.join('\n')}`);
}

function decimal(min: number, max: number) {
  return z.string().transform((text, context) => {
    const number = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: `expected a number from ${min} to ${max}, not "${text}"` });
    return z.NEVER;
  });
}
