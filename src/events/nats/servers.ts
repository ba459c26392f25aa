import { ClearcutError, messageOf } from '../../errors.js';

/** The part of the client's connection options that addresses decide. */
export interface NatsServers {
  /** `host:port` each; they are tried in a random order. */
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Present where TLS is asked for. */
  readonly tls?: Record<string, never>;
}

const DEFAULT_PORT = '4222';
const SCHEMES = new Set(['nats:', 'tls:']);

/**
 * Reads addresses as the tools of NATS do: `nats://HOST`, `nats://HOST:PORT`, `tls://HOST:PORT` (only encrypted),
 * `nats://USER:PASSWORD@HOST`, `nats://TOKEN@HOST`, with `nats://` left out or not. The servers of one cluster share
 * user, password and token, so those of the first address that has any are taken. Throws CONFIG_INVALID.
 */
export function parseServers(addresses: readonly string[]): NatsServers {
  const urls = addresses.map(parseAddress);
  if (urls.length === 0) throw invalid('no address is given');
  const withUser = urls.find(({ username }) => username !== '');
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`),
    ...(withUser !== undefined && credentialsOf(withUser)),
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
  };
}

function parseAddress(address: string): URL {
  const text = address.trim();
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `nats://${text}`);
  } catch (thrown) {
    // The address itself is not shown: it may hold a password.
    throw invalid(messageOf(thrown));
  }
  if (!SCHEMES.has(url.protocol)) throw invalid(`it starts with "${url.protocol}//"`);
  if (url.hostname === '') throw invalid('it names no host');
  return url;
}

function credentialsOf({ username, password }: URL): Pick<NatsServers, 'user' | 'pass' | 'token'> {
  if (password === '') return { token: decodeURIComponent(username) };
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

function invalid(reason: string): ClearcutError {
  return new ClearcutError('CONFIG_INVALID', `An address of a NATS server is not valid: ${reason}.`, {
    remedy: 'Write addresses as nats://HOST:4222, separated by commas, in CLEARCUT_NATS_URL.',
  });
}
