import colorString from 'color-string';
import { z } from 'zod';
import type { Length, Margin, Region } from '../image/options.js';

/** The kinds of value that options have besides words and numbers, each read from text as people write it. */

export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

/** Of two axes, shares: 0.5 is the middle. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A CSS colour, also in hex without its `#`; `none` and `transparent` are undefined. 0..255 each. */
export function colour() {
  return text((value) => {
    if (value === 'none' || value === 'transparent') return { rgba: undefined };
    const parts = colorString.get.rgb(/^([0-9a-f]{3,4}){1,2}$/i.test(value) ? `#${value}` : value);
    if (parts === null) return undefined;
    const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
    return { rgba: [red, green, blue, Math.round(alpha * 255)] as Rgba };
  }, 'a colour such as white, #fa0 or 81d4fa77, or none');
}

/** A share from `min` to `max` percent; the sign may be left out. */
export function percent(min: number, max: number) {
  return text((value) => share(value, min, max), `${min}% to ${max}%`);
}

/** One length for all sides, two for top and bottom and for left and right, or four, clockwise from the top. */
export function margin() {
  return text<Margin>((value) => {
    const [top, right = top, bottom = top, left = right, ...rest] = value.split(/\s+/).map(length);
    const count = value.split(/\s+/).length;
    if (rest.length > 0 || count === 3) return undefined;
    if (top === undefined || right === undefined || bottom === undefined || left === undefined)
      return undefined;
    return { top, right, bottom, left };
  }, 'one, two or four lengths such as 30px or 10%');
}

/** Two corners. */
export function region() {
  return text<Region>((value) => {
    const [left, top, right, bottom, ...rest] = value.split(/\s+/).map(length);
    if (left === undefined || top === undefined || right === undefined || bottom === undefined)
      return undefined;
    if (rest.length > 0 || !mayBeBefore(left, right) || !mayBeBefore(top, bottom)) return undefined;
    return { left, top, right, bottom };
  }, 'left, top, right and bottom such as "10% 0% 90% 100%" or "0px 0px 640px 480px"');
}

/** Two shares, or one for both axes. */
export function point(min: number, max: number) {
  return text<Point>((value) => {
    const [x, y = x, ...rest] = value.split(/\s+/).map((part) => share(part, min, max));
    return x === undefined || y === undefined || rest.length > 0 ? undefined : { x, y };
  }, `one or two shares from ${min}% to ${max}%`);
}

/** The words stand for the middle, and for undefined. */
export function position() {
  return text<{ readonly at: Point | undefined }>((value) => {
    if (value === 'original') return { at: undefined };
    if (value === 'center') return { at: { x: 0.5, y: 0.5 } };
    const at = point(0, 100).safeParse(value).data;
    return at && { at };
  }, 'original, center, or one or two shares such as "50% 100%"');
}

/** `original` is undefined. */
export function scale() {
  return text<{ readonly share: number | undefined }>((value) => {
    if (value === 'original') return { share: undefined };
    const given = share(value, 10, 100);
    return given === undefined ? undefined : { share: given };
  }, 'original, or 10% to 100%');
}

/** Sides of a canvas in pixels, at most this long. */
const MAX_SIDE = 16_384;

/** The words, which say the same, are undefined. */
export function size() {
  return text<{ readonly canvas: { readonly width: number; readonly height: number } | undefined }>(
    (value) => {
      if (['original', 'auto', 'full'].includes(value)) return { canvas: undefined };
      const [, width, height] = (/^(\d{1,5})\s*x\s*(\d{1,5})$/.exec(value) ?? []).map(Number);
      if (!isSide(width) || !isSide(height)) return undefined;
      return { canvas: { width, height } };
    },
    `original, or WIDTHxHEIGHT such as 1200x800, each 1 to ${MAX_SIDE}`,
  );
}

function isSide(pixels: number | undefined): pixels is number {
  return pixels !== undefined && pixels >= 1 && pixels <= MAX_SIDE;
}

/** Zero needs no unit. The tags of objects may not contain a percent sign, so it has a name too. */
function length(value: string): Length | undefined {
  if (value === '0') return { px: 0 };
  const [, pixels] = /^(\d{1,5})px$/.exec(value) ?? [];
  if (pixels !== undefined) return { px: Number(pixels) };
  if (!/(%|pct)$/.test(value)) return undefined;
  const given = share(value, 0, 100);
  return given === undefined ? undefined : { share: given };
}

/** Lengths of different units can only be compared once the picture is known. */
function mayBeBefore(one: Length, other: Length): boolean {
  if ('px' in one && 'px' in other) return one.px < other.px;
  if ('share' in one && 'share' in other) return one.share < other.share;
  return true;
}

function share(value: string, min: number, max: number): number | undefined {
  const [, digits] = /^(-?\d+(?:\.\d+)?)\s*(?:%|pct)?$/.exec(value) ?? [];
  const number = Number(digits ?? Number.NaN);
  return number >= min && number <= max ? number / 100 : undefined;
}

function text<Value>(parse: (value: string) => Value | undefined, expected: string) {
  return z.string().transform((given, context): Value => {
    const value = parse(given);
    if (value !== undefined) return value;
    context.addIssue({
      code: 'custom',
      message: `expected ${expected}, not ${JSON.stringify(given)}`,
      input: given,
    });
    return z.NEVER;
  });
}
