import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIONS } from '../../../src/image/options.js';
import { chooseOptions, tryToChoose } from '../../../src/options/choose.js';
import { createLayer } from '../../../src/options/layers.js';
import { OPTIONS } from '../../../src/options/schema.js';

type Texts = Readonly<Record<string, string>>;

const layer = (texts: Texts) => createLayer(texts, (name) => `clearcut-${name}`);
const choose = (...texts: Texts[]) => chooseOptions(texts.map(layer));
const picture = (...texts: Texts[]) => choose(...texts).picture;

function problemsOf(...texts: Texts[]): readonly string[] {
  const choice = tryToChoose(texts.map(layer));
  return 'problems' in choice ? choice.problems : [];
}

const px = (pixels: number) => ({ px: pixels });
const pct = (percent: number) => ({ share: percent / 100 });

test('without a word the defaults hold', () => {
  expect(choose()).toEqual({
    picture: DEFAULT_OPTIONS,
    backgroundImage: undefined,
    preset: undefined,
    changed: {},
  });
});

describe('values', () => {
  test.each([
    ['white', [255, 255, 255, 255]],
    ['RebeccaPurple', [102, 51, 153, 255]],
    ['#fa0', [255, 170, 0, 255]],
    ['fa08', [255, 170, 0, 136]],
    ['81d4fa', [129, 212, 250, 255]],
    ['#81d4fa77', [129, 212, 250, 119]],
  ])('the colour %s', (text, rgba) => {
    expect(picture({ 'bg-color': text }).background).toEqual({ kind: 'color', rgba });
  });

  test.each(['none', 'transparent'])('the colour %s is no background', (text) => {
    expect(picture({ 'bg-color': text }).background).toEqual({ kind: 'none' });
  });

  test.each([
    ['0', [px(0), px(0), px(0), px(0)]],
    ['30px', [px(30), px(30), px(30), px(30)]],
    ['10% 20px', [pct(10), px(20), pct(10), px(20)]],
    ['1% 2pct 3px 0', [pct(1), pct(2), px(3), px(0)]],
  ])('the margin %s', (text, [top, right, bottom, left]) => {
    expect(picture({ crop: 'true', 'crop-margin': text }).crop).toEqual({ top, right, bottom, left });
  });

  test('a region', () => {
    expect(picture({ roi: '10% 0px 50.5% 300px' }).region).toEqual({
      left: pct(10),
      top: px(0),
      right: pct(50.5),
      bottom: px(300),
    });
  });

  test('a shadow has what is not said from the documentation', () => {
    expect(picture({ 'add-shadow': 'yes' }).shadow).toEqual({
      opacity: 0.5,
      blur: 0.03,
      offsetX: 0,
      offsetY: 0.03,
    });
    const said = { 'shadow-opacity': '80', 'shadow-blur': '1%', 'shadow-offset': '-10% 5%' };
    expect(picture({ 'add-shadow': 'true', ...said }).shadow).toEqual({
      opacity: 0.8,
      blur: 0.01,
      offsetX: -0.1,
      offsetY: 0.05,
    });
    expect(picture(said).shadow).toBeUndefined();
  });

  test.each<[Texts, object]>([
    [{ scale: '80%' }, { scale: 0.8, position: undefined }],
    [
      { scale: '80', position: '0% 100%' },
      { scale: 0.8, position: { x: 0, y: 1 } },
    ],
    [{ position: 'center' }, { scale: undefined, position: { x: 0.5, y: 0.5 } }],
    [{ position: '25%' }, { position: { x: 0.25, y: 0.25 } }],
    [
      { scale: 'original', position: 'original' },
      { scale: undefined, position: undefined },
    ],
    [{ size: '1200x800' }, { canvas: { width: 1200, height: 800 } }],
    [{ size: 'auto' }, { canvas: undefined }],
    [{ 'max-side': '500' }, { maxSide: 500 }],
    [{ format: 'JPEG', 'bg-color': 'red' }, { format: 'jpg' }],
    [
      { format: 'png', depth: '16' },
      { format: 'png', depth: 16 },
    ],
    [
      { despill: 'false', edges: 'hard' },
      { decontaminate: false, edges: 'hard' },
    ],
    [{ 'no-subject': 'fail' }, { noSubject: 'fail' }],
    [
      { metadata: 'keep', profile: 'keep' },
      { metadata: 'keep', profile: 'keep' },
    ],
    [
      { output: 'both', quality: '70' },
      { output: 'both', quality: 70 },
    ],
    [{ channels: 'alpha' }, { output: 'mask' }],
    [{ channels: 'rgba' }, { output: 'cutout' }],
  ])('%j', (texts, expected) => {
    expect(picture(texts)).toMatchObject(expected);
  });

  test('all frames make a WebP where no format is given', () => {
    expect(picture({ frames: 'all' })).toMatchObject({ frames: 'all', format: 'webp' });
  });

  test('a background image keeps its letter case; a preset is passed on', () => {
    expect(choose({ 'bg-image': 'backgrounds/Beach.JPG', preset: 'fast' })).toMatchObject({
      backgroundImage: 'backgrounds/Beach.JPG',
      preset: 'fast',
    });
  });
});

describe('names', () => {
  test('may have underscores and capitals', () => {
    expect(picture({ BG_Color: 'red', add_shadow: '1' })).toMatchObject({ background: { kind: 'color' } });
  });

  test('that mean the same may not be given twice in one place', () => {
    expect(problemsOf({ bg_color: 'red', 'bg-color': 'blue' })).toEqual([
      'clearcut-bg-color: clearcut-bg_color says it already',
    ]);
    expect(problemsOf({ output: 'both', channels: 'alpha' })).toEqual([
      'clearcut-channels: clearcut-output says it already',
    ]);
    expect(problemsOf({ 'bg-color': 'red', 'bg-image': 'a.jpg' })).toEqual([
      'clearcut-bg-image: clearcut-bg-color says it already',
    ]);
  });
});

describe('layers', () => {
  test('the stronger one wins, name by name', () => {
    const weak = { format: 'webp', quality: '50', 'bg-color': 'red' };
    expect(picture(weak, { quality: '80' })).toMatchObject({
      format: 'webp',
      quality: 80,
      background: { kind: 'color' },
    });
    expect(picture(weak, { bg_color: 'none' }).background).toEqual({ kind: 'none' });
    expect(picture({ output: 'mask' }, { channels: 'rgba' }).output).toBe('cutout');
  });

  test('a background takes the place of one of the other kind', () => {
    expect(choose({ 'bg-color': 'red' }, { 'bg-image': 'a.jpg' })).toMatchObject({
      backgroundImage: 'a.jpg',
      picture: { background: { kind: 'none' } },
    });
    expect(choose({ 'bg-image': 'a.jpg' }, { 'bg-color': 'red' }).backgroundImage).toBeUndefined();
  });

  test('tell what differs from the defaults', () => {
    const changed = choose({ format: 'PNG', quality: '90', crop: 'yes' }, { 'max-side': '0', edges: 'hard' });
    expect(changed.changed).toEqual({ crop: 'yes', edges: 'hard' });
  });
});

describe('mistakes', () => {
  test('are told all at once, with names as they were written', () => {
    expect(
      problemsOf(
        { format: 'bmp', fromat: 'png' },
        { quality: '0', 'bg-color': 'whitish', roi: '50% 0% 10% 100%', scale: '5%' },
      ),
    ).toEqual([
      'clearcut-fromat: there is no such option',
      'clearcut-format: expected one of png, webp, avif, jpg, auto, not "bmp"',
      'clearcut-quality: expected a whole number from 1 to 100, not "0"',
      'clearcut-bg-color: expected a colour such as white, #fa0 or 81d4fa77, or none, not "whitish"',
      expect.stringMatching(/^clearcut-roi: expected left, top, right and bottom/),
      'clearcut-scale: expected original, or 10% to 100%, not "5%"',
    ]);
  });

  test('throw OPTIONS_INVALID', () => {
    expect(() => choose({ format: 'bmp' })).toThrow(
      expect.objectContaining({
        code: 'OPTIONS_INVALID',
        message: expect.stringContaining('clearcut-format'),
      }),
    );
  });

  test.each<Texts>([
    { 'crop-margin': '10% 5% 3%' },
    { 'crop-margin': '10' },
    { 'crop-margin': '-1px' },
    { 'crop-margin': '101%' },
    { 'crop-margin': '' },
    { roi: '0 0 10px' },
    { roi: '0 0 10px 0px' },
    { size: '0x10' },
    { size: '20000x10' },
    { size: 'big' },
    { position: 'left' },
    { position: '1% 2% 3%' },
    { 'shadow-opacity': '101' },
    { 'shadow-offset': '51%' },
    { channels: 'rgb' },
    { 'bg-color': 'rgb(300' },
    { 'bg-image': '' },
    { constructor: 'x' },
  ])('%j', (texts) => {
    expect(problemsOf(texts)).toHaveLength(1);
  });
});

describe('contradictions', () => {
  test.each<[string, Texts, RegExp]>([
    ['a transparent JPEG', { format: 'jpg' }, /^clearcut-format: jpg cannot be transparent/],
    ['a JPEG on glass', { format: 'jpg', 'bg-color': 'fff8' }, /cannot be transparent/],
    ['16 bits of WebP', { format: 'webp', depth: '16' }, /^clearcut-depth: only png has 16 bits, not webp/],
    ['16 bits of what may be JPEG', { format: 'auto', depth: '16' }, /only png has 16 bits/],
    ['an animated PNG', { format: 'png', frames: 'all' }, /^clearcut-frames: only webp is animated, not png/],
    ['16 bits animated', { depth: '16', frames: 'all' }, /^clearcut-depth: all frames make/],
  ])('%s is refused', (_, texts, expected) => {
    expect(problemsOf(texts)).toEqual([expect.stringMatching(expected)]);
  });

  test.each<Texts>([
    { format: 'jpg', 'bg-color': 'white' },
    { format: 'jpg', 'bg-image': 'a.jpg' },
    { format: 'jpg', output: 'mask' },
    { format: 'auto' },
    { frames: 'all', format: 'webp' },
  ])('%j is none', (texts) => {
    expect(problemsOf(texts)).toEqual([]);
  });

  test('are seen across layers', () => {
    expect(problemsOf({ 'bg-color': 'white', format: 'jpg' }, { 'bg-color': 'none' })).toHaveLength(1);
  });
});

test.each(OPTIONS.map((option) => [option.name, option] as const))(
  'the documentation of %s is true: its default and its example are valid',
  (name, { initial, example, doc }) => {
    expect(doc).toMatch(/\.$/);
    expect(problemsOf(example)).toEqual([]);
    expect(Object.keys(example)).toContain(name);
    if (initial !== '') expect(choose({ [name]: initial }).picture).toEqual(DEFAULT_OPTIONS);
  },
);
