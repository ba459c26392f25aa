import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acceptanceOf } from '../../../src/commands/context.js';
import { bucketsOf, optionPolicyOf } from '../../../src/commands/option-policy.js';
import { loadConfig } from '../../../src/config/load.js';
import { chooseOptions } from '../../../src/options/choose.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const load = (env: Record<string, string>) => loadConfig({ cwd: '/nowhere', env }).config;
const changedFor = (key: string, env: Record<string, string>) =>
  chooseOptions(optionPolicyOf(load(env)).layersFor(key)).changed;

const RULES = JSON.stringify([
  { match: 'shop/**', options: { format: 'jpg', 'bg-color': 'white' } },
  { match: ['**/*.gif', '*.webp'], options: { frames: 'all', format: 'webp' } },
  { match: 'shop/big/*', options: { 'max-side': 2000, crop: true } },
]);

describe('CLEARCUT_OPTIONS', () => {
  test.each([
    ['format=webp, bg-color=white', { format: 'webp', 'bg-color': 'white' }],
    [' bg-color = rgb(255, 170, 0) ,crop=yes,', { 'bg-color': 'rgb(255, 170, 0)', crop: 'yes' }],
    ['', {}],
  ])('"%s"', (text, expected) => {
    expect(changedFor('a.jpg', { CLEARCUT_OPTIONS: text })).toEqual(expected);
  });
});

describe('CLEARCUT_RULES', () => {
  test.each([
    ['a.jpg', { quality: '80' }],
    ['shop/a.jpg', { quality: '80', format: 'jpg', 'bg-color': 'white' }],
    ['deep/down/A.GIF', { quality: '80', format: 'webp', frames: 'all' }],
    [
      'shop/big/a.jpg',
      { quality: '80', format: 'jpg', 'bg-color': 'white', 'max-side': '2000', crop: 'true' },
    ],
  ])('for %s', (key, expected) => {
    expect(changedFor(key, { CLEARCUT_OPTIONS: 'quality=80', CLEARCUT_RULES: RULES })).toEqual(expected);
  });

  test('can be written in the file like everything else', async () => {
    const cwd = await temporaryFolder();
    const yaml = `
output:
  options: { bg-color: "#81d4fa", crop: true, quality: 80 }
  rules:
    - match: masks/**
      options: { output: mask }
`;
    await writeFile(join(cwd, 'clearcut.yaml'), yaml);
    const { layersFor } = optionPolicyOf(loadConfig({ cwd }).config);
    expect(chooseOptions(layersFor('masks/a.jpg')).changed).toEqual({
      'bg-color': '#81d4fa',
      crop: 'true',
      quality: '80',
      output: 'mask',
    });
  });
});

test('mistakes stop the start, all at once', () => {
  const rules = [
    { match: '**', options: { 'bg-color': 'none' } },
    { match: '**', options: { preset: 'balanced', size: 'huge' } },
    { match: '**', options: { preset: 'balanced' } },
    { match: '**', options: { 'bg-image': 'http://169.254.169.254/' } },
  ];
  const env = {
    CLEARCUT_OPTIONS: 'format=jpg, bg-color=white, preset=fast',
    CLEARCUT_RULES: JSON.stringify(rules),
  };
  expect(() => load(env)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: [
        'The configuration has 5 errors:',
        '  - CLEARCUT_OPTIONS: format: jpg cannot be transparent; give bg-color (an opaque one) or bg-image',
        '  - CLEARCUT_RULES: rule 2: size: expected original, or WIDTHxHEIGHT such as 1200x800, each 1 to 16384, not "huge"',
        '  - CLEARCUT_RULES: preset: balanced is not in CLEARCUT_OTHER_PRESETS',
        '  - CLEARCUT_OPTIONS, CLEARCUT_RULES: bg-image: no URL is ever fetched; put the picture into the bucket',
        '  - CLEARCUT_OPTIONS: preset: set CLEARCUT_PRESET instead',
      ].join('\n'),
    }),
  );
});

test.each([
  ['CLEARCUT_OPTIONS', 'white', /CLEARCUT_OPTIONS: expected names and values/],
  ['CLEARCUT_RULES', '[{match: "a"', /CLEARCUT_RULES: expected YAML or JSON/],
  ['CLEARCUT_RULES', 'format=webp', /CLEARCUT_RULES: expected a list of rules/],
  ['CLEARCUT_RULES', '[{match: a, options: {}, when: now}]', /when/],
])('%s=%s is refused', (name, text, message) => {
  expect(() => load({ [name]: text })).toThrow(message);
});

describe('backgrounds', () => {
  test('have a bucket that is looked after like the others', () => {
    expect(bucketsOf(load({}))).toEqual(['uploads', 'results']);
    expect(bucketsOf(load({ CLEARCUT_BACKGROUND_BUCKET: 'scenes' }))).toEqual([
      'uploads',
      'results',
      'scenes',
    ]);
  });

  const accepts = (key: string, env: Record<string, string> = {}) => acceptanceOf(load(env))('uploads', key);

  test('are not cut out where they lie among the uploads', () => {
    expect(accepts('backgrounds/beach.jpg')).toBe(false);
    expect(accepts('my-backgrounds/beach.jpg')).toBe(true);
    expect(accepts('backgrounds/beach.jpg', { CLEARCUT_BACKGROUND_BUCKET: 'scenes' })).toBe(true);
    const { config } = loadConfig({ cwd: '/nowhere', flags: { 'background-prefix': '' } });
    expect(acceptanceOf(config)('uploads', 'backgrounds/beach.jpg')).toBe(true);
  });
});
