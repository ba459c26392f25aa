// The programs that Clearcut is compared with. Each is installed into a folder of its own and runs as a program of its
// own: none is a dependency of Clearcut, nor part of it.
import { access, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearcut, run } from '../programs.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * `install` makes it ready below the folder where it is not yet. `measure` cuts the images out after one to warm up, and
 * returns milliseconds an image, and milliseconds of processor time an image.
 */
export const PEERS = [
  { name: '@imgly/background-removal-node', install: installImgly, measure: measureImgly },
  { name: 'rembg', install: installRembg, measure: measureRembg },
];

/**
 * The package (AGPL) asks for sharp 0.32, whose install script downloads libvips; sharp 0.35 has it in its packages. It
 * is given Clearcut's ONNX Runtime as well, which is faster for it than its own, 1.17.
 */
const IMGLY_PACKAGE = {
  private: true,
  dependencies: { '@imgly/background-removal-node': '1.4.5' },
  overrides: { sharp: '^0.35.5', 'onnxruntime-node': '^1.30.0' },
};

async function installImgly(folder) {
  const home = join(folder, 'imgly');
  if (!(await exists(join(home, 'node_modules', '@imgly', 'background-removal-node')))) {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify(IMGLY_PACKAGE));
    await run('npm', ['install', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: home,
    });
  }
  return { home };
}

async function measureImgly({ home }, images) {
  return perImage(await run(process.execPath, [here('imgly-loop.mjs'), home, ...images]));
}

const REMBG = ['rembg==2.0.86', 'onnxruntime'];

async function installRembg(folder) {
  const home = join(folder, 'rembg');
  const python = join(home, 'bin', 'python');
  if (!(await exists(join(home, 'installed')))) {
    await run('python3', ['-m', 'venv', home]);
    await run(python, ['-m', 'pip', 'install', '--quiet', ...REMBG]);
    await writeFile(join(home, 'installed'), REMBG.join('\n'));
  }
  // The same weights in float32, the form that rembg publishes itself.
  await clearcut(['models', 'pull']);
  const cached = await clearcut(['models', 'verify']);
  const weights = cached.find(({ name }) => name === 'fp32') ?? cached.find(({ name }) => name === 'source');
  const models = join(folder, 'rembg-models');
  await mkdir(models, { recursive: true });
  await copyFile(weights.file, join(models, 'isnet-general-use.onnx'));
  return { python, models };
}

async function measureRembg({ python, models }, images) {
  const env = { ...process.env, U2NET_HOME: models };
  return perImage(await run(python, [here('rembg-loop.py'), ...images], { env }));
}

function perImage(stdout) {
  const { wall, cpu, versions } = JSON.parse(stdout);
  return { wall: wall.reduce((sum, time) => sum + time, 0) / wall.length, cpu: cpu / wall.length, versions };
}

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
