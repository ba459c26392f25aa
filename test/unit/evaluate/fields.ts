import type { Plane } from '../../../src/evaluate/plane.js';

/**
 * Small mattes and ground truths that bench/evaluate/reference.py draws in the same way: whole numbers only, so that both
 * draw the same bytes.
 */

const WIDTH = 64;
const HEIGHT = 48;

type Values = readonly number[];

export interface Field {
  readonly matte: Plane;
  readonly truth: Plane;
}

export function drawFields(): Record<string, Field> {
  const empty = each(() => 0);
  const one = disc(30, 22, 17, 14, 1);
  const two = lighter(disc(16, 24, 10, 9, 1), disc(48, 20, 9, 12, 1));
  const hair = disc(32, 24, 20, 15, 600);
  const pieces = lighter(disc(20, 24, 14, 14, 400), disc(50, 30, 9, 10, 800));
  const atHair = noise(5, 12).map((value, at) => ((hair[at] ?? 0) % 255 === 0 ? 0 : value));
  return {
    near: field(sum(disc(32, 23, 17, 14, 90), noise(1, 20)), one),
    'one-of-two': field(lighter(disc(17, 25, 10, 9, 60), disc(60, 44, 2, 2, 1)), two),
    'noise-on-corner': field(
      noise(2, 127).map((value) => value + 127),
      disc(3, 4, 30, 25, 1),
    ),
    'nothing-found': field(empty, one),
    'all-found': field(
      each(() => 255),
      one,
    ),
    'no-subject': field(noise(3, 30), empty),
    'all-subject': field(
      noise(4, 40).map((value) => value + 220),
      each(() => 255),
    ),
    hair: field(sum(disc(33, 24, 19, 15, 450), atHair), hair),
    pieces: field(lighter(disc(21, 23, 14, 14, 300), disc(50, 30, 8, 10, 500)), pieces),
  };
}

/** Background, unknown and subject around the field "hair". */
export function drawTrimap(): Plane {
  const subject = disc(32, 24, 13, 9, 1);
  const unknown = disc(32, 24, 27, 21, 1);
  return planeOf(subject.map((level, at) => (level > 0 ? 255 : (unknown[at] ?? 0) > 0 ? 128 : 0)));
}

function field(matte: Values, truth: Values): Field {
  return { matte: planeOf(matte), truth: planeOf(truth) };
}

function planeOf(values: Values): Plane {
  return { data: Uint8Array.from(values, (value) => clamp(value)), width: WIDTH, height: HEIGHT };
}

/** 255 inside an ellipse, 0 outside, `soft` thousandths of its radius squared in between. */
function disc(cx: number, cy: number, rx: number, ry: number, soft: number): Values {
  return each((x, y) => {
    const distance =
      Math.floor(((x - cx) ** 2 * 1000) / rx ** 2) + Math.floor(((y - cy) ** 2 * 1000) / ry ** 2);
    return clamp(Math.floor(((1000 + soft - distance) * 255) / (2 * soft)));
  });
}

/** -amount..amount, after Park and Miller's generator. */
function noise(seed: number, amount: number): Values {
  let state = seed;
  return each(() => {
    state = (state * 16807) % 2147483647;
    return (state % (2 * amount + 1)) - amount;
  });
}

function each(value: (x: number, y: number) => number): Values {
  return Array.from({ length: WIDTH * HEIGHT }, (_, at) => value(at % WIDTH, Math.floor(at / WIDTH)));
}

function lighter(one: Values, other: Values): Values {
  return one.map((value, at) => Math.max(value, other[at] ?? 0));
}

function sum(one: Values, other: Values): Values {
  return one.map((value, at) => value + (other[at] ?? 0));
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}
