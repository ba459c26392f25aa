import { createHash } from 'node:crypto';
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

/** Milliseconds each: a list of what `duration` takes, separated by commas outside a file. */
export function durationList(min: number) {
  const split = z.string().transform((text) => text.split(',').map((item) => item.trim()));
  return z.union([z.array(z.union([z.number(), z.string()])), split]).pipe(z.array(duration(min)));
}

/** A webhook: its address, and the secrets that sign what is sent there. */
export interface WebhookSetting {
  readonly url: string;
  readonly secrets: readonly string[];
}

/** Bytes of a secret, by Standard Webhooks. */
const SECRET_BYTES = { min: 24, max: 64 };

/**
 * Webhooks, each an address and one or more secrets behind it: `https://shop.example/hook whsec_... whsec_...`; a list
 * in a file, separated by commas elsewhere. No message shows what was given.
 */
export function webhookList() {
  return z.union([z.array(z.string()), z.string()]).transform((value, context): WebhookSetting[] => {
    // A comma may be part of an address.
    const items = Array.isArray(value) ? value : value.split(/,\s*(?=https?:)/);
    const webhooks: WebhookSetting[] = [];
    for (const [index, item] of items.entries()) {
      const [url = '', ...secrets] = item.split(/\s+/).filter((part) => part !== '');
      if (url === '' && items.length === 1) continue;
      const problem = webhookProblem(url, secrets);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: `webhook ${index + 1}: ${problem}` });
        return z.NEVER;
      }
      webhooks.push({ url: new URL(url).href, secrets });
    }
    return webhooks;
  });
}

function webhookProblem(url: string, secrets: readonly string[]): string | undefined {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return 'expected an http:// or https:// address, and its secrets behind it';
  if (new URL(url).username !== '') return 'the address must not hold a user name or password';
  if (secrets.length === 0) return 'expected a secret behind the address (whsec_...)';
  if (secrets.every(isWebhookSecret)) return undefined;
  return `a secret is whsec_ and base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes`;
}

function isWebhookSecret(secret: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const { length } = Buffer.from(base64 ?? '', 'base64');
  return length >= SECRET_BYTES.min && length <= SECRET_BYTES.max;
}

/** What a token of the HTTP API lets its holder do. */
export const API_SCOPES = ['upload', 'read', 'admin'] as const;
export type ApiScope = (typeof API_SCOPES)[number];

/** A token of the HTTP API. */
export interface ApiToken {
  /** Shown in logs, in the secret's place. */
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** SHA-256 of the secret, in hex: the secret itself is kept nowhere. */
  readonly sha256: string;
}

const MIN_TOKEN_CHARACTERS = 16;

/**
 * Tokens, each `NAME:SCOPES:SECRET`, with the secret as it is or as `sha256:<hex>`; a list in a file, separated by
 * commas elsewhere. No message shows what was given.
 */
export function apiTokenList() {
  return z.union([z.array(z.string()), z.string()]).transform((value, context): ApiToken[] => {
    const items = (Array.isArray(value) ? value : value.split(',')).map((item) => item.trim());
    const tokens: ApiToken[] = [];
    for (const [index, item] of items.entries()) {
      if (item === '' && items.length === 1) continue;
      const token = apiTokenOf(item);
      if (typeof token === 'string') {
        context.addIssue({ code: 'custom', message: `token ${index + 1}: ${token}` });
        return z.NEVER;
      }
      tokens.push(token);
    }
    return tokens;
  });
}

/** The token, or what is wrong with it. */
function apiTokenOf(item: string): ApiToken | string {
  const [, name = '', scopeText = '', secret = ''] = /^([\w.-]{1,64}):([^:]*):(.*)$/s.exec(item) ?? [];
  if (name === '') return 'expected NAME:SCOPES:SECRET, with a name of letters, digits, ".", "_" and "-"';
  const scopes = scopeText.split('+').map((text) => API_SCOPES.find((scope) => scope === text.trim()));
  if (!scopes.every((scope) => scope !== undefined))
    return `expected scopes of ${API_SCOPES.join(', ')}, joined by "+"`;
  const [, hash] = /^sha256:([0-9a-f]{64})$/i.exec(secret) ?? [];
  if (hash !== undefined) return { name, scopes, sha256: hash.toLowerCase() };
  if (secret.startsWith('sha256:')) return 'expected 64 hex digits behind sha256:';
  // As a header carries them.
  if (!/^[\x21-\x7e]*$/.test(secret)) return 'the secret must be printable ASCII without spaces';
  if (secret.length < MIN_TOKEN_CHARACTERS)
    return `the secret is shorter than ${MIN_TOKEN_CHARACTERS} characters`;
  return { name, scopes, sha256: createHash('sha256').update(secret).digest('hex') };
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
