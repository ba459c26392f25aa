import { describe, expect, test } from 'vitest';
import type { Picture } from '../../../../src/image/decode.js';
import { refineEdges, refiningMemory } from '../../../../src/image/edges/refine-edges.js';
import { wholeOf } from '../../../../src/image/geometry.js';
import { type Matte, resizeMatte } from '../../../../src/image/matte.js';
import { seededRandom } from '../../../../src/seeded-random.js';

const WIDTH = 360;
const HEIGHT = 280;
type Colour = readonly [number, number, number];
const BROWN: Colour = [120, 70, 40];
const BLUE: Colour = [70, 120, 190];

interface Scene {
  readonly picture: Picture;
  /** What the model would say: the truth, seen through a grid of a `blur`th of the size. */
  readonly plain: Matte;
  /** 0..255. */
  readonly truth: Uint8Array;
}

/** A head with fine hair standing out of it, each channel with noise. */
function drawHair({ subject = BROWN, wall = BLUE, noise = 6, channels = 3 as 3 | 4, blur = 4 } = {}): Scene {
  const random = seededRandom(7);
  const truth = new Uint8Array(WIDTH * HEIGHT);
  const data = new Uint8Array(WIDTH * HEIGHT * channels).fill(255);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at++) {
      const alpha = hairAt(x - WIDTH / 2, y - HEIGHT / 2);
      truth[at] = Math.round(alpha * 255);
      for (let channel = 0; channel < 3; channel++) {
        const colour = alpha * (subject[channel] as number) + (1 - alpha) * (wall[channel] as number);
        data[at * channels + channel] = Math.min(Math.max(0, colour + noise * (random() * 2 - 1)), 255);
      }
    }
  }
  const picture = { data, width: WIDTH, height: HEIGHT, channels };
  const whole = { data: truth, width: WIDTH, height: HEIGHT };
  const small = resizeMatte(whole, Math.round(WIDTH / blur), Math.round(HEIGHT / blur));
  return { picture, truth, plain: resizeMatte(small, WIDTH, HEIGHT) };
}

/** Hairs two to three pixels wide in every ninth of a radian or so, on a disc of 70 pixels. */
function hairAt(x: number, y: number): number {
  const distance = Math.hypot(x, y);
  if (distance > 108) return 0;
  if (distance < 70) return 1;
  const angle = Math.atan2(y, x);
  const toHair = Math.abs(angle / 0.11 - Math.round(angle / 0.11)) * 0.11 * distance;
  return Math.min(Math.max(0, 1.9 - toHair), 1);
}

function refined({ picture, plain }: Scene): Matte {
  const matte = { ...plain, data: plain.data.slice() };
  refineEdges(picture, matte, wholeOf(picture));
  return matte;
}

/** By half a turn, pixels of so many bytes. */
function turned(data: Uint8Array, bytes: number): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += bytes)
    result.set(data.subarray(at, at + bytes), data.length - bytes - at);
  return result;
}

function meanError({ data }: Matte, truth: Uint8Array): number {
  return data.reduce((sum, level, at) => sum + Math.abs(level - (truth[at] as number)), 0) / truth.length;
}

describe('refining edges', () => {
  test.each([3, 4] as const)('brings back hairs that the matte blurs together (%i channels)', (channels) => {
    const scene = drawHair({ channels });
    expect(meanError(refined(scene), scene.truth)).toBeLessThan(0.8 * meanError(scene.plain, scene.truth));
  });

  test('tells sides apart that are equally bright', () => {
    const scene = drawHair({ subject: [150, 90, 60], wall: [70, 112, 160] });
    expect(meanError(refined(scene), scene.truth)).toBeLessThan(0.8 * meanError(scene.plain, scene.truth));
  });

  test('never touches what is wholly subject or wholly background', () => {
    const scene = drawHair();
    const { data } = refined(scene);
    const sure = [...scene.plain.data.entries()].filter(([, level]) => level === 0 || level === 255);
    expect(sure.length).toBeGreaterThan(WIDTH * HEIGHT * 0.5);
    for (const [at, level] of sure) if (data[at] !== level) expect.fail(`pixel ${at} was changed`);
  });

  test('leaves the picture alone', () => {
    const scene = drawHair();
    const before = scene.picture.data.slice();
    refined(scene);
    expect(Buffer.compare(scene.picture.data, before)).toBe(0);
  });

  test('changes next to nothing where both sides have the same colours', () => {
    const scene = drawHair({ subject: BLUE, noise: 40 });
    expect(meanError(refined(scene), scene.plain.data)).toBeLessThan(
      0.02 * meanError(scene.plain, scene.truth),
    );
  });

  test('changes next to nothing where the matte is soft all over', () => {
    const { picture } = drawHair();
    const data = new Uint8Array(WIDTH * HEIGHT).fill(110);
    for (let y = 0; y < HEIGHT; y++) data.fill(y < 8 ? 255 : 0, y * WIDTH, y * WIDTH + 8);
    const plain = { data, width: WIDTH, height: HEIGHT };
    const scene = { picture, plain, truth: data };
    expect(meanError(refined(scene), data)).toBeLessThan(8);
  });

  test('does nothing to a matte without edges', () => {
    const { picture, plain } = drawHair();
    const data = new Uint8Array(WIDTH * HEIGHT).fill(255);
    const { data: refinedData } = refined({ picture, plain: { ...plain, data }, truth: data });
    expect(Buffer.compare(refinedData, data)).toBe(0);
  });

  test('what is transparent in the picture itself says nothing', () => {
    const scene = drawHair({ channels: 4 });
    const { data } = scene.picture;
    // A wall of the subject's colour, but nobody can see it.
    const hidden = drawHair({ channels: 4 });
    for (let at = 0; at < WIDTH * HEIGHT; at++) {
      if (at % WIDTH >= 40) continue;
      hidden.picture.data.set([...BROWN, 0], at * 4);
      data.set([...BLUE, 0], at * 4);
    }
    expect(Buffer.compare(refined(hidden).data, refined(scene).data)).toBe(0);
  });

  test.each([
    [1, 1],
    [1, 300],
    [3, 2],
    [513, 5],
  ])('pictures of any size: %i x %i', (width, height) => {
    const random = seededRandom(width);
    const data = Uint8Array.from({ length: width * height }, () => random() * 256);
    const rgb = Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
    const matte = { data, width, height };
    const sure = data.slice();
    refineEdges({ data: rgb, width, height, channels: 3 }, matte, wholeOf(matte));
    for (const [at, level] of sure.entries()) {
      if (level === 0 || level === 255) expect(data[at]).toBe(level);
    }
  });

  test('opaque pictures of four channels are like those of three', () => {
    const data = refined(drawHair({ channels: 4 })).data;
    expect(Buffer.compare(data, refined(drawHair({ channels: 3 })).data)).toBe(0);
  });

  test('the pictures before make no difference', () => {
    const scene = drawHair();
    const before = refined(scene).data;
    const random = seededRandom(3);
    const noise = () => Uint8Array.from({ length: 700 * 600 }, () => random() * 256);
    const matte = { data: noise(), width: 700, height: 600 };
    refineEdges(
      { data: new Uint8Array([...noise(), ...noise(), ...noise()]), width: 700, height: 600, channels: 3 },
      matte,
      wholeOf(matte),
    );
    expect(Buffer.compare(refined(scene).data, before)).toBe(0);
  });

  test('is done around the subject only, and alike at all borders', () => {
    const scene = drawHair();
    const whole = refined(scene).data;
    for (const isTurned of [false, true]) {
      const turn = (data: Uint8Array, bytes: number) => (isTurned ? turned(data, bytes) : data);
      const matte = { ...scene.plain, data: turn(scene.plain.data.slice(), 1) };
      const box = { left: 72, top: 32, width: 217, height: 217 };
      refineEdges({ ...scene.picture, data: turn(scene.picture.data, 3) }, matte, box);
      // The cells lie elsewhere, seen from the other corner.
      expect(meanError(matte, turn(whole, 1))).toBeLessThan(isTurned ? 0.3 : 0.01);
    }
  });

  test('takes no more memory for a large picture than for one of its cells', () => {
    const most = refiningMemory({ width: 960, height: 960 });
    expect(most).toBeLessThan(50e6);
    for (const width of [2048, 8192, 20_000]) {
      expect(refiningMemory({ width, height: width })).toBeLessThanOrEqual(most);
    }
  });
});
