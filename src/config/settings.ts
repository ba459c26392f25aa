import ms from 'ms';
import { z } from 'zod';
import { configSchema } from './schema.js';

/** One setting, as the loader, the flags and the documentation see it. */
export interface Setting {
  /** Place in a configuration file: `['input', 'prefix']`. */
  readonly path: readonly [section: string, name: string];
  /** Environment variable: `CLEARCUT_INPUT_PREFIX`. */
  readonly env: string;
  /** Flag without its dashes: `input-prefix`. */
  readonly flag: string;
  readonly doc: string;
  /** Whether the value must not be shown; such a setting has no flag on the command line. */
  readonly secret: boolean;
  /** As a reader would write it; empty where the default is empty. */
  readonly defaultText: string;
}

const metaSchema = z.object({
  env: z.string(),
  doc: z.string(),
  unit: z.string().optional(),
  secret: z.boolean().default(false),
});

/** Every setting of the schema, in its order. */
export const SETTINGS: readonly Setting[] = Object.entries(configSchema.shape).flatMap(
  ([section, schema]) => {
    const defaults = schema.parse({}) as Record<string, unknown>;
    return Object.entries(schema.unwrap().shape).map(([name, leaf]) => {
      const meta = metaSchema.parse((leaf as z.ZodType).meta());
      return {
        path: [section, name] as const,
        env: meta.env,
        flag: meta.env
          .replace(/^CLEARCUT_/, '')
          .toLowerCase()
          .replaceAll('_', '-'),
        doc: meta.doc,
        secret: meta.secret,
        defaultText: textOf(defaults[name], meta.unit),
      };
    });
  },
);

function textOf(value: unknown, unit: string | undefined): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map((pair) => pair.join('='))
      .join(', ');
  if (typeof value !== 'number') return String(value);
  if (unit === 'bytes') return `${value / 1024 / 1024}MiB`;
  return unit === 'duration' ? ms(value) : String(value);
}
