import { describe, expect, test } from 'vitest';
import { isIdentity, layOut } from '../../../../src/image/compose/layout.js';
import { DEFAULT_OPTIONS, type Margin } from '../../../../src/image/options.js';

const PICTURE = { width: 1000, height: 800 };
const SUBJECT = { left: 200, top: 100, width: 400, height: 300 };
const NO_MARGIN: Margin = { top: { px: 0 }, right: { px: 0 }, bottom: { px: 0 }, left: { px: 0 } };

test('the defaults leave everything as it is', () => {
  const layout = layOut(PICTURE, SUBJECT, DEFAULT_OPTIONS);

  expect(layout).toEqual({ ...PICTURE, scale: 1, left: 0, top: 0, subject: SUBJECT });
  expect(isIdentity(layout, PICTURE)).toBe(true);
});

describe('crop', () => {
  test('leaves the box of the subject', () => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, crop: NO_MARGIN });

    expect(layout).toMatchObject({ width: 400, height: 300, scale: 1, left: -200, top: -100 });
    expect(layout.subject).toEqual({ left: 0, top: 0, width: 400, height: 300 });
    expect(isIdentity(layout, PICTURE)).toBe(false);
  });

  test('takes margins in pixels and in shares of the box: of its height above and below, its width beside', () => {
    const crop = { top: { share: 0.1 }, right: { px: 7 }, bottom: { px: 5 }, left: { share: 0.25 } };
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, crop });

    expect(layout).toMatchObject({ width: 100 + 400 + 7, height: 30 + 300 + 5 });
    expect(layout.subject).toEqual({ left: 100, top: 30, width: 400, height: 300 });
  });

  test('goes beyond the picture where the margin does', () => {
    const crop = { ...NO_MARGIN, top: { px: 150 } };
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, crop });

    expect(layout).toMatchObject({ height: 450, top: 50 });
  });

  test('leaves room for the shadow', () => {
    const shadow = { opacity: 0.5, blur: 0, offsetX: 0.1, offsetY: 0.2 };
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, crop: NO_MARGIN, shadow });

    expect(layout).toMatchObject({ width: 440, height: 380 });
    expect(layout.subject).toEqual({ left: 0, top: 0, width: 400, height: 300 });

    const blurred = layOut(PICTURE, SUBJECT, {
      ...DEFAULT_OPTIONS,
      crop: NO_MARGIN,
      shadow: { ...shadow, blur: 0.1 },
    });
    // A blur of 40 pixels reaches about 60 to all sides, less where the shadow is behind the subject.
    expect(blurred.width).toBeGreaterThan(480);
    expect(blurred.width).toBeLessThan(520);
    expect(blurred.subject?.left).toBeGreaterThan(10);
  });
});

describe('canvas', () => {
  test('fits the picture in, in the middle', () => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, canvas: { width: 500, height: 500 } });

    expect(layout).toMatchObject({ width: 500, height: 500, scale: 0.5, left: 0, top: 50 });
    expect(layout.subject).toEqual({ left: 100, top: 100, width: 200, height: 150 });
  });

  test('fits the crop in, larger where there is room', () => {
    const layout = layOut(PICTURE, SUBJECT, {
      ...DEFAULT_OPTIONS,
      crop: NO_MARGIN,
      canvas: { width: 800, height: 800 },
    });

    expect(layout).toMatchObject({ scale: 2, left: -400, top: -100 });
    expect(layout.subject).toEqual({ left: 0, top: 100, width: 800, height: 600 });
  });
});

describe('scale and position', () => {
  test('a scale fills that share of the side that binds, in the middle', () => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, scale: 0.5 });

    expect(layout).toMatchObject({ ...PICTURE, scale: 1.25 });
    expect(layout.subject).toEqual({ left: 250, top: 213, width: 500, height: 375 });
  });

  test('a scale of 1 touches two borders and goes beyond none', () => {
    const tall = { left: 450, top: 300, width: 20, height: 200 };
    const layout = layOut(PICTURE, tall, { ...DEFAULT_OPTIONS, scale: 1 });

    expect(layout.subject).toEqual({ left: 460, top: 0, width: 80, height: 800 });
  });

  test.each([
    { position: { x: 0, y: 0 }, left: 0, top: 0 },
    { position: { x: 1, y: 1 }, left: 600, top: 500 },
    { position: { x: 0.5, y: 0.5 }, left: 300, top: 250 },
    { position: { x: 0.25, y: 0.75 }, left: 150, top: 375 },
  ])('$position moves it to $left, $top', ({ position, left, top }) => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, position });

    expect(layout.scale).toBe(1);
    expect(layout.subject).toEqual({ ...SUBJECT, left, top });
  });

  test('both go together, and with a canvas', () => {
    const layout = layOut(PICTURE, SUBJECT, {
      ...DEFAULT_OPTIONS,
      canvas: { width: 2000, height: 2000 },
      scale: 0.8,
      position: { x: 0.5, y: 1 },
    });

    expect(layout.subject).toEqual({ left: 200, top: 800, width: 1600, height: 1200 });
  });

  test('all that is moved is at whole pixels, unless it is resized', () => {
    const odd = { left: 201, top: 101, width: 401, height: 301 };
    const { left, top } = layOut(PICTURE, odd, { ...DEFAULT_OPTIONS, position: { x: 0.5, y: 0.5 } });

    expect([left % 1, top % 1].map(Math.abs)).toEqual([0, 0]);
  });
});

describe('maxSide', () => {
  test('makes all of it smaller', () => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, maxSide: 500 });

    expect(layout).toMatchObject({ width: 500, height: 400, scale: 0.5, left: 0, top: 0 });
    expect(layout.subject).toEqual({ left: 100, top: 50, width: 200, height: 150 });
  });

  test('makes nothing larger', () => {
    expect(layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, maxSide: 2000 })).toMatchObject(PICTURE);
  });

  test('leaves a pixel of a side that would vanish', () => {
    const line = { width: 5000, height: 1 };
    const layout = layOut(line, undefined, { ...DEFAULT_OPTIONS, maxSide: 100 });

    expect(layout).toMatchObject({ width: 100, height: 1 });
  });

  test('comes after the scale: the share stays', () => {
    const layout = layOut(PICTURE, SUBJECT, { ...DEFAULT_OPTIONS, scale: 0.5, maxSide: 100 });

    expect(layout).toMatchObject({ width: 100, height: 80 });
    expect(layout.subject?.width).toBe(50);
  });
});

test('without a subject nothing is cropped, scaled or moved', () => {
  const layout = layOut(PICTURE, undefined, {
    ...DEFAULT_OPTIONS,
    crop: NO_MARGIN,
    scale: 0.5,
    position: { x: 0, y: 0 },
  });

  expect(layout).toEqual({ ...PICTURE, scale: 1, left: 0, top: 0, subject: undefined });
});
