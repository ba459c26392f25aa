import { z } from 'zod';
import { oneOf, whole } from '../config/values.js';
import { ClearcutError } from '../errors.js';
import type { PictureOptions } from '../image/options.js';
import { SOURCE_ETAG } from '../storage/source-etag.js';

/** User metadata that starts like this is meant for us. */
const PREFIX = 'clearcut-';

/** The options that an upload may carry, by their names behind the prefix. */
const optionsSchema = z.strictObject({
  format: oneOf(['png', 'webp']).optional(),
  'webp-quality': whole(1, 100).optional(),
  'output-max-side': whole(0, 65_535).optional(),
});

/**
 * How this object's cut-out is written: what its metadata asks for (`clearcut-format: webp`), and the configuration for
 * the rest. Throws OPTIONS_INVALID with every mistake at once; a misspelt option must not pass in silence.
 */
export function outputFor(
  metadata: Readonly<Record<string, string>>,
  defaults: PictureOptions,
): PictureOptions {
  const given = Object.entries(metadata)
    // What an output carries is no option, should somebody upload one again.
    .filter(([name]) => name.startsWith(PREFIX) && name !== SOURCE_ETAG)
    .map(([name, value]) => [name.slice(PREFIX.length), value]);
  const parsed = optionsSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((name) => `${PREFIX}${name} is no option`)
        : [`${PREFIX}${issue.path.join('.')}: ${issue.message}`],
    );
    throw new ClearcutError(
      'OPTIONS_INVALID',
      `The metadata of the upload is wrong: ${problems.join('; ')}.`,
    );
  }
  const options = parsed.data;
  return {
    ...defaults,
    format: options.format ?? defaults.format,
    quality: options['webp-quality'] ?? defaults.quality,
    maxSide: options['output-max-side'] ?? defaults.maxSide,
  };
}
