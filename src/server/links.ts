import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClearcutError, systemCodeOf } from '../errors.js';
import { contentDispositionOf, encodeRfc3986 } from '../storage/content-disposition.js';
import { guard } from '../storage/directory/fs-errors.js';
import { checkExpiresIn } from '../storage/link-expiry.js';
import type { PresignedLink, PresignGetOptions, PresignPutOptions } from '../storage/object-store.js';

/**
 * Links that let whoever has them read or write one object until they expire:
 * `<publicUrl>/<bucket>/<key>?X-Clearcut-Expires=<unix seconds>&...&X-Clearcut-Signature=<hex>`. The signature is an
 * HMAC-SHA256 over everything that the link allows, so nothing about it can be changed.
 */
export interface LinkSigner {
  /** Throws CONFIG_INVALID for an expiry outside 1 second to 7 days, KEY_INVALID for a key that no URL can carry. */
  presignGet(bucket: string, key: string, options: PresignGetOptions): PresignedLink;
  presignPut(bucket: string, key: string, options: PresignPutOptions): PresignedLink;
  /** What the request is allowed to do. Throws LINK_INVALID or LINK_EXPIRED. */
  verify(request: LinkRequest): VerifiedLink;
}

export interface LinkSignerOptions {
  /** 32 random bytes; see loadOrCreateLinkSecret. */
  readonly secret: Uint8Array;
  /** What links start with, without a slash at the end. A function where it is known only once the server listens. */
  readonly publicUrl: string | (() => string);
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
}

export interface LinkRequest {
  /** GET, HEAD (which a GET link allows) or PUT. */
  readonly method: string;
  /** Path and query as they came, still percent-encoded, starting with the slash before the bucket. */
  readonly url: string;
}

export interface VerifiedLink {
  readonly bucket: string;
  readonly key: string;
  /** For the reply's header of that name. */
  readonly contentDisposition?: string;
  /** The only content type that may be uploaded. */
  readonly contentType?: string;
  /** The most bytes that may be uploaded. */
  readonly maxBytes?: number;
}

const EXPIRES = 'X-Clearcut-Expires';
const SIGNATURE = 'X-Clearcut-Signature';
const DISPOSITION = 'response-content-disposition';
const CONTENT_TYPE = 'X-Clearcut-Content-Type';
const MAX_BYTES = 'X-Clearcut-Max-Bytes';

/** The parameters that a link of each method may have besides expiry and signature. */
const OPTIONAL = { GET: [DISPOSITION], PUT: [CONTENT_TYPE, MAX_BYTES] } as const;

type Method = keyof typeof OPTIONAL;

export function createLinkSigner({ secret, publicUrl, now = Date.now }: LinkSignerOptions): LinkSigner {
  function sign(method: Method, bucket: string, key: string, parameters: URLSearchParams): string {
    // JSON keeps the parts apart whatever they contain; the first one makes room for another scheme.
    const signed = ['clearcut-link-1', method, bucket, key, parameters.get(EXPIRES)];
    const optional = OPTIONAL[method].map((name) => parameters.get(name));
    return createHmac('sha256', secret)
      .update(JSON.stringify([...signed, ...optional]))
      .digest('hex');
  }

  function issue(
    method: Method,
    bucket: string,
    key: string,
    expiresIn: number,
    optional: Readonly<Record<string, string | undefined>>,
    headers: Readonly<Record<string, string>>,
  ): PresignedLink {
    checkExpiresIn(expiresIn, { bucket, key });
    const path = [bucket, ...key.split('/')]
      .map((segment) => encodeSegment(segment, { bucket, key }))
      .join('/');
    const expires = Math.floor(now() / 1000) + expiresIn;
    const parameters = new URLSearchParams({ [EXPIRES]: String(expires) });
    for (const [name, value] of Object.entries(optional)) {
      if (value !== undefined) parameters.set(name, value);
    }
    parameters.set(SIGNATURE, sign(method, bucket, key, parameters));
    const base = typeof publicUrl === 'string' ? publicUrl : publicUrl();
    return {
      url: `${base}/${path}?${parameters}`,
      method,
      headers,
      expiresAt: new Date(expires * 1000),
    };
  }

  return {
    presignGet: (bucket, key, { expiresIn, downloadName }) => {
      const disposition = downloadName === undefined ? undefined : contentDispositionOf(downloadName);
      return issue('GET', bucket, key, expiresIn, { [DISPOSITION]: disposition }, {});
    },
    presignPut: (bucket, key, { expiresIn, contentType, maxBytes }) => {
      const optional = { [CONTENT_TYPE]: contentType, [MAX_BYTES]: maxBytes?.toString() };
      const headers = contentType === undefined ? {} : { 'content-type': contentType };
      return issue('PUT', bucket, key, expiresIn, optional, headers);
    },
    verify: ({ method: requestMethod, url }) => {
      const method: Method = requestMethod === 'PUT' ? 'PUT' : 'GET';
      const { bucket, key, query } = parseTarget(url);
      const parameters = new URLSearchParams(query);
      checkParameters(parameters, method);
      const given = Buffer.from(parameters.get(SIGNATURE) ?? '');
      const right = Buffer.from(sign(method, bucket, key, parameters));
      if (given.length !== right.length || !timingSafeEqual(given, right)) {
        throw new ClearcutError('LINK_INVALID', 'The signature of the link is missing or wrong.');
      }
      // Only after the signature: what the link says is now known to be what was signed.
      if (now() >= Number(parameters.get(EXPIRES)) * 1000) {
        throw new ClearcutError('LINK_EXPIRED', 'The link has expired.', { bucket, key });
      }
      return { bucket, key, ...permissionsOf(parameters) };
    },
  };
}

/** A parameter that nobody signed, or one twice, could mean something else to another reader of the URL. */
function checkParameters(parameters: URLSearchParams, method: Method): void {
  const allowed: readonly string[] = [EXPIRES, SIGNATURE, ...OPTIONAL[method]];
  for (const name of parameters.keys()) {
    if (allowed.includes(name) && parameters.getAll(name).length === 1) continue;
    throw new ClearcutError('LINK_INVALID', 'The link has a parameter that it was not issued with.');
  }
}

function permissionsOf(parameters: URLSearchParams): Omit<VerifiedLink, 'bucket' | 'key'> {
  const contentDisposition = parameters.get(DISPOSITION);
  const contentType = parameters.get(CONTENT_TYPE);
  const maxBytes = parameters.get(MAX_BYTES);
  return {
    ...(contentDisposition !== null && { contentDisposition }),
    ...(contentType !== null && { contentType }),
    ...(maxBytes !== null && { maxBytes: Number(maxBytes) }),
  };
}

function parseTarget(url: string): { bucket: string; key: string; query: string } {
  const [, path = '', query = ''] = /^\/([^?]*)(?:\?(.*))?$/s.exec(url) ?? [];
  try {
    // Each segment on its own: what the key has as %2F must not be mistaken for a separator when it is issued.
    const [bucket = '', ...segments] = path.split('/').map(decodeURIComponent);
    return { bucket, key: segments.join('/'), query };
  } catch {
    throw new ClearcutError('LINK_INVALID', 'The path of the link is not valid percent-encoding.');
  }
}

function encodeSegment(segment: string, subject: { bucket: string; key: string }): string {
  // Clients resolve dots before they send a request, encoded or not; a lone surrogate has no UTF-8 form.
  if (segment === '.' || segment === '..' || Buffer.from(segment).toString() !== segment) {
    throw new ClearcutError('KEY_INVALID', `No URL can carry a key with the segment "${segment}".`, subject);
  }
  return encodeRfc3986(segment);
}

const SECRET_BYTES = 32;
/** Group and others: any permission. */
const OTHERS_MODE = 0o077;

/**
 * The secret that links are signed with; made on the first start. Two processes that start at once agree on one.
 * Throws CONFIG_INVALID where the file is damaged, or where other users of the machine may read it (POSIX).
 */
export async function loadOrCreateLinkSecret(path: string): Promise<Buffer> {
  const secret = await guard({}, async () => (await readSecret(path)) ?? (await createSecret(path)));
  return secret ?? loadOrCreateLinkSecret(path);
}

async function readSecret(path: string): Promise<Buffer | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { mode } = await handle.stat();
      if (process.platform !== 'win32' && (mode & OTHERS_MODE) !== 0) {
        throw secretInvalid(`The file ${path} may be read by other users.`, `Run: chmod 600 ${path}`);
      }
      const secret = await handle.readFile();
      if (secret.length === SECRET_BYTES) return secret;
      const remedy = 'Remove the file: a new one is made at the next start, and earlier links stop working.';
      throw secretInvalid(`The file ${path} does not have ${SECRET_BYTES} bytes.`, remedy);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Undefined where another process was faster. */
async function createSecret(path: string): Promise<Buffer | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const temp = `${path}.${randomUUID()}`;
  const secret = randomBytes(SECRET_BYTES);
  try {
    const handle = await open(temp, 'wx', 0o600);
    try {
      await handle.writeFile(secret);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike a rename, a link never replaces what is there, and the file appears with all its bytes.
    await link(temp, path);
    return secret;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'EEXIST') return undefined;
    throw thrown;
  } finally {
    await rm(temp, { force: true });
  }
}

function secretInvalid(message: string, remedy: string): ClearcutError {
  return new ClearcutError('CONFIG_INVALID', message, { remedy });
}
