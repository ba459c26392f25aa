import {
  type Box,
  boxBetween,
  intersection,
  pixelsOfLength,
  type Size,
  union,
  wholeOf,
} from '../geometry.js';
import type { Margin, PictureOptions } from '../options.js';
import { shadowBox } from './shadow.js';

/** How the picture lies on the canvas of the result: pixel x of the picture is at `left + scale * x`. */
export interface Layout extends Size {
  readonly scale: number;
  /** Whole numbers where `scale` is 1. */
  readonly left: number;
  readonly top: number;
  /** The subject's box on the canvas, as far as it is on it; undefined where there is no subject. */
  readonly subject: Box | undefined;
}

type Choices = Pick<PictureOptions, 'crop' | 'scale' | 'position' | 'canvas' | 'maxSide' | 'shadow'>;

/**
 * First the crop, then the canvas, then the subject's size and place on it, then the size of it all. Without a subject
 * nothing is cropped, scaled or moved.
 */
export function layOut(picture: Size, subject: Box | undefined, options: Choices): Layout {
  const frame = frameOf(picture, subject, options);
  const canvas = options.canvas ?? { width: frame.width, height: frame.height };
  const fit =
    options.canvas === undefined ? 1 : Math.min(canvas.width / frame.width, canvas.height / frame.height);
  const fitted: Layout = {
    ...canvas,
    scale: fit,
    left: (canvas.width - frame.width * fit) / 2 - frame.left * fit,
    top: (canvas.height - frame.height * fit) / 2 - frame.top * fit,
    subject,
  };
  const whole = shrunk(placed(fitted, subject, options), options.maxSide);
  const isScaled = whole.scale !== 1;
  const left = isScaled ? whole.left : Math.round(whole.left);
  const top = isScaled ? whole.top : Math.round(whole.top);
  const layout = { ...whole, left, top };
  return { ...layout, subject: subject && intersection(onCanvas(subject, layout), wholeOf(layout)) };
}

/** The part of the picture, and what is to be around it, that the result shows. */
function frameOf(picture: Size, subject: Box | undefined, { crop, shadow }: Choices): Box {
  if (subject === undefined || crop === undefined) return wholeOf(picture);
  const frame = withMargin(subject, crop);
  return shadow === undefined ? frame : union(frame, shadowBox(subject, shadow));
}

function withMargin({ left, top, width, height }: Box, margin: Margin): Box {
  return boxBetween(
    left - pixelsOfLength(margin.left, width),
    top - pixelsOfLength(margin.top, height),
    left + width + pixelsOfLength(margin.right, width),
    top + height + pixelsOfLength(margin.bottom, height),
  );
}

/** With the subject in the size and at the place that it is to have. */
function placed(layout: Layout, subject: Box | undefined, { scale, position }: Choices): Layout {
  if (subject === undefined || (scale === undefined && position === undefined)) return layout;
  const { width, height } = layout;
  const size =
    scale === undefined ? layout.scale : scale * Math.min(width / subject.width, height / subject.height);
  const place = position ?? { x: 0.5, y: 0.5 };
  return {
    ...layout,
    scale: size,
    left: (width - subject.width * size) * place.x - subject.left * size,
    top: (height - subject.height * size) * place.y - subject.top * size,
  };
}

function shrunk(layout: Layout, maxSide: number): Layout {
  const { width, height, scale, left, top } = layout;
  const factor = maxSide === 0 ? 1 : Math.min(1, maxSide / Math.max(width, height));
  return {
    ...layout,
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
    scale: scale * factor,
    left: left * factor,
    top: top * factor,
  };
}

/** Where a box of the picture is on the canvas, and beyond it; at least a pixel wide and high. */
export function onCanvas(box: Box, { scale, left, top }: Pick<Layout, 'scale' | 'left' | 'top'>): Box {
  const from = { x: Math.round(left + scale * box.left), y: Math.round(top + scale * box.top) };
  const to = {
    x: Math.round(left + scale * (box.left + box.width)),
    y: Math.round(top + scale * (box.top + box.height)),
  };
  return boxBetween(from.x, from.y, Math.max(to.x, from.x + 1), Math.max(to.y, from.y + 1));
}

/** Whether the result is the picture's canvas, untouched. */
export function isIdentity({ scale, left, top, ...canvas }: Layout, picture: Size): boolean {
  return (
    scale === 1 &&
    left === 0 &&
    top === 0 &&
    canvas.width === picture.width &&
    canvas.height === picture.height
  );
}
