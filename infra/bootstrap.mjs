// What `npm start` and `npm test` run: sets everything up on a fresh clone, skips what is already done, then hands
// over. It runs before anything is installed, so it uses Node's own modules only.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];

const [task, ...args] = process.argv.slice(2);
checkNode();
process.chdir(ROOT);
installDependencies();
build();
if (task === 'start') run(['dist/cli.js', 'run', ...args]);
else if (task === 'bench') run(['dist/cli.js', 'bench', ...args]);
else if (task === 'bench:chart') run(['bench/throughput-chart.mjs', ...args]);
else if (task === 'test') {
  step(['dist/cli.js', 'models', 'pull']);
  run(['node_modules/vitest/vitest.mjs', 'run', ...args]);
} else if (task === 'test:integration') {
  step(['dist/cli.js', 'models', 'pull']);
  run(['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.integration.config.ts', ...args]);
} else fail(`unknown task "${task}": expected start, bench, bench:chart, test or test:integration`);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  fail(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

function installDependencies() {
  const stamp = 'node_modules/.clearcut-installed';
  const wanted = digest(['package.json', 'package-lock.json', '.npmrc']);
  if (readIfThere(stamp) === wanted) return;
  say('installing dependencies (npm ci)');
  const { status } = runNpm(['ci', '--no-audit', '--no-fund']);
  if (status !== 0) fail('npm ci failed; its messages are above.');
  writeFileSync(stamp, wanted);
}

function build() {
  const stamp = 'dist/.built';
  const wanted = digest([
    ...filesIn('src'),
    ...filesIn('assembly'),
    'infra/build-wasm.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
  ]);
  if (readIfThere(stamp) === wanted) return;
  say('building');
  const { status } = runNpm(['run', '--silent', 'build']);
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync('dist', { recursive: true });
  writeFileSync(stamp, wanted);
}

function runNpm(npmArgs) {
  const isWindows = process.platform === 'win32';
  return spawnSync(isWindows ? 'npm.cmd' : 'npm', npmArgs, { stdio: 'inherit', shell: isWindows });
}

/** Runs Node on a script and ends if it fails. */
function step(nodeArgs) {
  const { status } = spawnSync(process.execPath, nodeArgs, { stdio: 'inherit', env: environment() });
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs Node on a script in this process's place: signals are passed on, the exit code is taken over. */
function run(nodeArgs) {
  const child = spawn(process.execPath, nodeArgs, { stdio: 'inherit', env: environment() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl+C to the whole group: the child has had it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  stopWhenOrphaned(child);
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

/**
 * When npm is killed outright no signal reaches us, and the child must not outlive it and keep its folder locked. npm
 * runs scripts through a shell, which survives it: then it is the shell that changes its parent.
 */
function stopWhenOrphaned(child) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const shell = process.ppid;
  const watched = isShell(shell) ? () => parentOf(shell) : () => process.ppid;
  const npm = watched();
  setInterval(() => {
    if (watched() !== npm) child.kill('SIGTERM');
  }, 500).unref();
}

/** Whether a process is a shell, where the system tells (Linux). */
function isShell(pid) {
  return /^(da|ba|z|k)?sh$/.test(readIfThere(`/proc/${pid}/comm`)?.trim() ?? '');
}

/** The parent of a process (proc(5): the second field behind the command's name). */
function parentOf(pid) {
  return readIfThere(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')[1];
}

/**
 * Both must be set before the process starts. Images are decoded and encoded on libuv's threads, so there should be
 * a few more than cores. glibc keeps an arena of memory a thread by default, which big pictures fragment.
 */
function environment() {
  return {
    UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)),
    MALLOC_ARENA_MAX: '2',
    ...process.env,
  };
}

function digest(files) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(ROOT, entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function say(text) {
  process.stderr.write(`clearcut: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
