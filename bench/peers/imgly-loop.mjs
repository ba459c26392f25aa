// Cuts images out with @imgly/background-removal-node, one after the other, as its documentation does:
// node imgly-loop.mjs FOLDER_OF_THE_INSTALLATION IMAGE... (the first one is to warm up)
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PACKAGE = '@imgly/background-removal-node';
const TYPES = { '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.png': 'image/png', '.webp': 'image/webp' };

const [folder, ...files] = process.argv.slice(2);
process.chdir(folder);
const require = createRequire(pathToFileURL(join(folder, 'package.json')));
const { removeBackground } = require(PACKAGE);
// Its default model has the weights of Clearcut's default model.
const options = { model: 'medium', output: { format: 'image/png' } };

const wall = [];
let cpuBefore;
for (const [at, file] of files.entries()) {
  const blob = new Blob([await readFile(file)], { type: TYPES[extname(file).toLowerCase()] });
  const startedAt = performance.now();
  const result = await removeBackground(blob, options);
  const png = Buffer.from(await result.arrayBuffer());
  if (result.type !== 'image/png' || png.length === 0) throw new Error(`no PNG of ${file}`);
  if (at === 0) cpuBefore = process.cpuUsage();
  else wall.push(performance.now() - startedAt);
}
const { user, system } = process.cpuUsage(cpuBefore);
const versions = [PACKAGE, 'onnxruntime-node', 'sharp'].map(versionOf);
process.stdout.write(JSON.stringify({ wall, cpu: (user + system) / 1000, versions }));

function versionOf(name) {
  return `${name} ${require(join(folder, 'node_modules', name, 'package.json')).version}`;
}
