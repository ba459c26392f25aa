// Draws a picture, cuts its subject out with this very build, and puts both side by side for the README:
// node infra/readme-picture.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { vase } from './drawings.mjs';

const WIDTH = 640;
const HEIGHT = 640;

const folder = mkdtempSync(join(tmpdir(), 'clearcut-picture-'));
const before = await sharp(vase()).jpeg({ quality: 95 }).toBuffer();
writeFileSync(join(folder, 'vase.jpg'), before);
execFileSync(process.execPath, ['dist/cli.js', 'remove', join(folder, 'vase.jpg'), '-o', folder], {
  stdio: 'inherit',
});
const after = join(folder, 'vase.jpg.cutout.png');
await sharp({ create: { width: WIDTH * 2, height: HEIGHT, channels: 3, background: '#ffffff' } })
  .composite([
    { input: before, left: 0, top: 0 },
    { input: chequered(), left: WIDTH, top: 0 },
    { input: after, left: WIDTH, top: 0 },
  ])
  .jpeg({ quality: 88 })
  .toFile('docs/images/before-after.jpg');
rmSync(folder, { recursive: true });

function chequered() {
  const squares = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <pattern id="p" width="32" height="32" patternUnits="userSpaceOnUse">
      <rect width="32" height="32" fill="#fff"/><rect width="16" height="16" fill="#ddd"/>
      <rect x="16" y="16" width="16" height="16" fill="#ddd"/>
    </pattern><rect width="100%" height="100%" fill="url(#p)"/></svg>`;
  return Buffer.from(squares);
}
