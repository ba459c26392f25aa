import sharp from 'sharp';
import { seededStream } from '../../seeded-random.js';

export interface PhotographOptions {
  /** Millions of pixels; the sides are 4 to 3. */
  readonly megapixels: number;
  /** The same seed draws the same picture. */
  readonly seed: string;
}

/** Pixels of the square of grain that is laid over the picture again and again. */
const GRAIN_SIDE = 512;
/** Alpha of the grain, 0..255: a JPEG of 12 megapixels becomes as large as a camera's, 3 to 4 MB. */
const GRAIN_ALPHA = 26;

/**
 * A picture that costs what a photograph costs: a subject with soft light before a background that is out of focus,
 * under the grain of a sensor, as JPEG.
 */
export async function drawPhotograph({ megapixels, seed }: PhotographOptions): Promise<Buffer> {
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3));
  const height = Math.round((width * 3) / 4);
  const random = seededStream(`photograph ${seed}`);
  const scene = Buffer.from(sceneSvg(width, height, random.next));
  return await sharp(scene, { limitInputPixels: false })
    .composite([grain(Math.min(GRAIN_SIDE, height), random.bytes)])
    .flatten()
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** What composite() takes: a square of grey noise, laid down as tiles. */
function grain(side: number, bytes: (count: number) => Buffer) {
  const input = Buffer.alloc(side ** 2 * 4, GRAIN_ALPHA);
  for (const [at, level] of bytes(side ** 2).entries()) input.fill(level, at * 4, at * 4 + 3);
  return { input, raw: { width: side, height: side, channels: 4 as const }, tile: true };
}

function sceneSvg(width: number, height: number, random: () => number): string {
  const hue = Math.floor(random() * 360);
  const spots = Array.from({ length: 12 }, () => {
    const colour = `hsl(${hue + random() * 80}, 30%, ${35 + random() * 35}%)`;
    return `<circle cx="${random() * 400}" cy="${random() * 300}" r="${15 + random() * 50}" fill="${colour}" opacity="0.5"/>`;
  });
  const x = 140 + random() * 120;
  const size = 55 + random() * 35;
  const subject = (hue + 160 + random() * 40) % 360;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 400 300" preserveAspectRatio="none">
  <defs>
    <linearGradient id="wall" x1="0" y1="0" x2="1" y2="1">
      <stop offset="0" stop-color="hsl(${hue}, 20%, 80%)"/><stop offset="1" stop-color="hsl(${hue}, 25%, 50%)"/>
    </linearGradient>
    <radialGradient id="light" cx="0.35" cy="0.3" r="0.9">
      <stop offset="0" stop-color="hsl(${subject}, 80%, 78%)"/>
      <stop offset="0.5" stop-color="hsl(${subject}, 75%, 48%)"/>
      <stop offset="1" stop-color="hsl(${subject}, 80%, 22%)"/>
    </radialGradient>
  </defs>
  <rect width="400" height="300" fill="url(#wall)"/>
  ${spots.join('')}
  <rect y="235" width="400" height="65" fill="hsl(${hue + 20}, 30%, 30%)"/>
  <ellipse cx="${x + 15}" cy="262" rx="${size * 1.1}" ry="10" fill="#000" opacity="0.4"/>
  <path d="M${x - size * 0.4} ${255 - size * 2} C${x - size * 1.4} ${255 - size} ${x - size} 262 ${x} 262
    S${x + size * 1.4} ${255 - size} ${x + size * 0.4} ${255 - size * 2} Z" fill="url(#light)"/>
  <circle cx="${x}" cy="${255 - size * 2}" r="${size * 0.55}" fill="url(#light)"/>
</svg>`;
}
