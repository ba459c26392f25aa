// Makes the pictures of docs/options.md: npm run docs:examples [OPTION...]. It draws what the commands there begin with,
// runs each command as it is printed with this very build, and shows the result small, on chequers where it is transparent.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { ball, beach, pair, room, vase } from './drawings.mjs';

const SIDE = 240;
const DOCS = 'docs';
const CLI = resolve('dist/cli.js');

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'clearcut-examples-'));
try {
  await drawInputs();
  mkdirSync(join(DOCS, 'images/options'), { recursive: true });
  if (wanted.length === 0) await show(readFileSync(join(folder, 'photo.jpg')), 'images/options/photo.webp');
  for (const { name, args, picture } of examples()) {
    if (wanted.length === 0 || wanted.includes(name)) await show(run(args), picture);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The commands of docs/options.md with the pictures below them. */
function examples() {
  const text = readFileSync(join(DOCS, 'options.md'), 'utf8');
  const sections = text.split(/^### /m).slice(1);
  return sections.map((section) => {
    const [, name] = /^(\S+)\n/.exec(section);
    const [, command, picture] = /```sh\nclearcut (.+)\n```\n\n!\[[^\]]*\]\(([^)]+)\)/.exec(section);
    return { name, args: argumentsOf(command), picture };
  });
}

function argumentsOf(command) {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

function run(args) {
  const out = join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  execFileSync(process.execPath, [CLI, ...args], { cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
  const [first] = readdirSync(out).sort();
  return readFileSync(join(out, first));
}

async function show(bytes, picture) {
  const { pages = 1 } = await sharp(bytes).metadata();
  const file = join(DOCS, picture);
  if (pages > 1) {
    await sharp(bytes, { animated: true }).resize(SIDE).webp({ quality: 70 }).toFile(file);
    return;
  }
  const small = await sharp(bytes)
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = small.info;
  await sharp(chequers(width, height))
    .composite([{ input: small.data }])
    .webp({ quality: 80 })
    .toFile(file);
}

async function drawInputs() {
  const at = (name) => join(folder, name);
  await sharp(vase()).jpeg({ quality: 95 }).toFile(at('photo.jpg'));
  await sharp(pair()).jpeg({ quality: 95 }).toFile(at('pair.jpg'));
  await sharp(room()).jpeg({ quality: 95 }).toFile(at('room.jpg'));
  await sharp(beach()).jpeg({ quality: 95 }).toFile(at('beach.jpg'));
  await sharp(vase()).toColourspace('rgb16').png().toFile(at('deep.png'));
  await sharp(vase()).withIccProfile('p3').png().toFile(at('wide.png'));
  const frames = await Promise.all(
    [0, 0.4, 0.7, 0.9, 1, 0.9, 0.7, 0.4].map((height) => sharp(ball(height)).png().toBuffer()),
  );
  await sharp(frames, { join: { animated: true } })
    .gif({ delay: frames.map(() => 80), loop: 0 })
    .toFile(at('ball.gif'));
}

function chequers(width, height) {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <pattern id="p" width="24" height="24" patternUnits="userSpaceOnUse">
      <rect width="24" height="24" fill="#fff"/><rect width="12" height="12" fill="#ddd"/>
      <rect x="12" y="12" width="12" height="12" fill="#ddd"/>
    </pattern><rect width="100%" height="100%" fill="url(#p)"/></svg>`);
}
