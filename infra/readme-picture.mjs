// Draws a picture, cuts its subject out with this very build, and puts both side by side for the README:
// node infra/readme-picture.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

const WIDTH = 640;
const HEIGHT = 640;

const scene = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 640 640">
  <defs>
    <linearGradient id="wall" x1="0" y1="0" x2="1" y2="1">
      <stop offset="0" stop-color="#c9d6df"/><stop offset="1" stop-color="#8fa3b0"/>
    </linearGradient>
    <linearGradient id="table" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#9c6b43"/><stop offset="1" stop-color="#6f4827"/>
    </linearGradient>
    <radialGradient id="body" cx="0.35" cy="0.3" r="0.9">
      <stop offset="0" stop-color="#ffb199"/><stop offset="0.5" stop-color="#e2583e"/><stop offset="1" stop-color="#7d1f12"/>
    </radialGradient>
    <radialGradient id="leaf" cx="0.4" cy="0.2" r="1">
      <stop offset="0" stop-color="#9fd356"/><stop offset="1" stop-color="#2f6b2f"/>
    </radialGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="9"/></filter>
  </defs>
  <rect width="640" height="640" fill="url(#wall)"/>
  <g stroke="#7f93a1" stroke-width="3" opacity="0.5">
    ${Array.from({ length: 8 }, (_, at) => `<line x1="${at * 90}" y1="0" x2="${at * 90 - 40}" y2="470"/>`).join('')}
  </g>
  <rect y="470" width="640" height="170" fill="url(#table)"/>
  <ellipse cx="345" cy="560" rx="150" ry="20" fill="#2b1a0e" opacity="0.55" filter="url(#soft)"/>
  <g fill="url(#leaf)" stroke="#2c5a2c" stroke-width="2">
    <path d="M318 300 C230 250 190 160 215 70 C285 120 325 205 322 300 Z"/>
    <path d="M322 300 C330 190 355 90 425 50 C455 140 410 240 326 300 Z"/>
    <path d="M316 300 C250 290 150 270 120 190 C210 170 290 220 320 300 Z"/>
    <path d="M326 300 C390 280 490 250 525 175 C440 160 360 210 324 300 Z"/>
  </g>
  <path d="M250 290 C255 330 190 370 190 450 C190 530 250 565 320 565 C390 565 450 530 450 450 C450 370 385 330 390 290 Z"
    fill="url(#body)"/>
  <ellipse cx="320" cy="290" rx="70" ry="16" fill="#8f2b1c"/>
  <path d="M225 430 C225 390 250 370 262 350" stroke="#fff" stroke-width="12" stroke-linecap="round" fill="none" opacity="0.55"/>
</svg>`;

const folder = mkdtempSync(join(tmpdir(), 'clearcut-picture-'));
const before = await sharp(Buffer.from(scene)).jpeg({ quality: 95 }).toBuffer();
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
