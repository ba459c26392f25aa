import bytes from 'bytes';
import ms from 'ms';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../errors.js';

/**
 * The kinds of value a setting can have. Each accepts the text of an environment variable or flag as well as the
 * native value of a configuration file, so that a setting means the same wherever it is written.
 */

/** A whole number from `min` to `max`. */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const expected = `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`;
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const number =
      typeof value === 'number' ? value : /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    return refuse(context, value, expected);
  });
}

/** Bytes: a number, or text such as `64MiB` (units are powers of 1024). */
export function byteSize(min: number) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const text = String(value).trim();
    // "MiB" and "MB" mean the same here, as for the library.
    const size = /^\d+(\.\d+)?\s*([kmgt]?i?b)?$/i.test(text)
      ? bytes.parse(text.replace(/i(?=b$)/i, ''))
      : null;
    if (size !== null && Number.isSafeInteger(size) && size >= min) return size;
    return refuse(context, value, `a size of at least ${bytes.format(min)}, such as 64MiB`);
  });
}

/** Milliseconds: a number, or text such as `500ms`, `30s`, `5m`, `24h`, `7d`. */
export function duration(min: number, max = Number.MAX_SAFE_INTEGER) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const text = String(value).trim();
    const time = /^\d+(\.\d+)?\s*[a-z]*$/i.test(text) ? ms(text as ms.StringValue) : undefined;
    if (time !== undefined && time >= min && time <= max) return time;
    const limit = max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${ms(max)}`;
    return refuse(context, value, `a duration of at least ${ms(min)}${limit}, such as 30s`);
  });
}

/** true or false, with the spellings that environment variables are given: 1, yes, on, 0, no, off. */
export function flag() {
  return z.union([z.boolean(), z.stringbool()], {
    error: (issue) => `expected true or false, not ${show(issue.input)}`,
  });
}

/** Several texts: a list in a file, separated by commas elsewhere. */
export function textList() {
  return z.union([
    z.array(z.string()),
    z.string().transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    ),
  ]);
}

/** Names and what they say: a map in a file, `format=webp, bg-color=white` elsewhere. */
export function textMap() {
  return z
    .union([z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), z.string()])
    .transform((value, context) => {
      if (typeof value !== 'string')
        return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
      const pairs = value
        // Colours may be written with commas of their own: rgb(255, 170, 0).
        .split(/,(?![^(]*\))/)
        .filter((pair) => pair.trim() !== '')
        .map((pair) => /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair));
      if (pairs.includes(null))
        return refuse(context, value, 'names and values such as format=webp, bg-color=white');
      return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2]?.trim() ?? '']));
    });
}

/** What `type` takes: as it is in a file, as YAML (of which JSON is a part) elsewhere. */
export function yamlOf<Type extends z.ZodType>(type: Type) {
  return z
    .unknown()
    .transform((value, context): unknown => {
      if (typeof value !== 'string') return value;
      try {
        return parseYaml(value) as unknown;
      } catch (error) {
        return refuse(context, value, `YAML or JSON (${messageOf(error).split('\n')[0]})`);
      }
    })
    .pipe(type);
}

/** `all`, or different numbers of GPUs, from 0. */
export function gpuList() {
  return z.union([z.literal('all'), z.array(z.number()), z.string()]).transform((value, context) => {
    if (value === 'all') return value;
    const parts = Array.isArray(value) ? value.map(String) : value.split(',').map((part) => part.trim());
    if (
      parts.every((part) => /^\d{1,3}$/.test(part)) &&
      new Set(parts.map(Number)).size === parts.length &&
      parts.length > 0
    )
      return parts.map(Number);
    return refuse(context, value, '`all`, or different numbers of GPUs such as 0,1');
  });
}

/** The word `auto`, or what `type` takes. */
export function autoOr<Type extends z.ZodType>(type: Type) {
  return z.union([z.literal('auto'), type], {
    error: (issue) => `expected auto or a duration such as 20ms, not ${show(issue.input)}`,
  });
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: (issue) => `expected one of ${words.join(', ')}, not ${show(issue.input)}` });
}

/** A bucket's name, by the rules that all S3 servers share. */
export function bucketName() {
  return z
    .string()
    .regex(
      /^(?=.{3,63}$)(?!.*\.\.)[a-z0-9][a-z0-9.-]*[a-z0-9]$/,
      'expected a bucket name: 3 to 63 of a-z, 0-9, "." and "-", first and last a letter or digit, no ".."',
    );
}

/** The start of a key: empty, or relative and ending in "/". */
export function keyPrefix() {
  return z
    .string()
    .regex(
      /^$|^(?!\/)(?!.*(^|\/)\.{0,2}\/).*\/$/,
      'expected nothing or a folder such as photos/, with no empty, "." or ".." part',
    );
}

/** An http(s) address without the slashes at its end, or nothing. */
export function optionalHttpUrl() {
  return z.string().transform((text, context) => {
    if (text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) {
      return text.replace(/\/+$/, '');
    }
    return refuse(context, text, 'an http:// or https:// address');
  });
}

function refuse(context: z.RefinementCtx, value: unknown, expected: string): never {
  context.addIssue({ code: 'custom', message: `expected ${expected}, not ${show(value)}`, input: value });
  return z.NEVER;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
