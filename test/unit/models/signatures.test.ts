import { describe, expect, it } from 'vitest';
import { type CatalogueModel, findModel, readCatalogue } from '../../../src/models/catalogue.js';
import {
  BACKGROUND_RED,
  levelsOf,
  matteOf,
  prepare,
  SUBJECT_RED,
  thirds,
  withNetwork,
} from './signature-mattes.js';
import { type SignatureOptions, signatureNetwork } from './signatures.js';

/** What is published of each network beside what the catalogue says of it. */
const PUBLISHED: Readonly<Record<string, SignatureOptions>> = {
  u2netp: { others: ['1960', '1961', '1962', '1963', '1964', '1965'] },
  u2net: { others: ['1960', '1961', '1962', '1963', '1964', '1965'] },
  silueta: { others: ['1960', '1961', '1962', '1963', '1964', '1965'] },
  modnet: { isDynamic: true },
  ben2: { ends: 'float16' },
};

const TIMEOUT = 60_000;

/** At a side that is quick, where it has but one. */
function small(model: CatalogueModel): CatalogueModel {
  const { presets, input } = model;
  return presets === undefined ? { ...model, input: { ...input, side: Math.min(input.side, 320) } } : model;
}

describe('a network of the signature of', () => {
  it.each(readCatalogue().map(({ id }) => id))(
    '%s gives the right matte of a picture, prepared and run as the service does',
    async (id) => {
      const model = small(findModel(id));
      const own = await withNetwork(model, signatureNetwork(model, PUBLISHED[id]));
      const prepared = await prepare(own);
      expect(prepared.batch).toBe(model.batch);
      const { background, subject } = levelsOf(await matteOf(prepared, thirds(90, 45)));
      const stretched = model.output.normalise === 'min-max';
      expect(Math.abs(background - (stretched ? 0 : BACKGROUND_RED))).toBeLessThanOrEqual(3);
      expect(Math.abs(subject - (stretched ? 255 : SUBJECT_RED))).toBeLessThanOrEqual(3);
    },
    TIMEOUT,
  );
});

describe('a letterboxed picture', () => {
  it.each([
    ['wide', 96, 32],
    ['tall', 32, 96],
  ])(
    'that is %s has its matte where it belongs, up to its edges',
    async (_, width, height) => {
      const anime = findModel('isnet-anime');
      const model = { ...anime, input: { ...anime.input, side: 64 } };
      const prepared = await prepare(await withNetwork(model, signatureNetwork(model)));
      const { data } = await matteOf(prepared, thirds(width, height));
      const left = Math.floor((2 * width) / 3);
      for (const y of [0, Math.floor(height / 2), height - 1]) {
        expect(Math.abs((data[y * width] ?? 0) - BACKGROUND_RED)).toBeLessThanOrEqual(3);
        expect(Math.abs((data[y * width + left - 3] ?? 0) - BACKGROUND_RED)).toBeLessThanOrEqual(6);
        expect(Math.abs((data[y * width + left + 3] ?? 0) - SUBJECT_RED)).toBeLessThanOrEqual(6);
        expect(Math.abs((data[y * width + width - 1] ?? 0) - SUBJECT_RED)).toBeLessThanOrEqual(3);
      }
    },
    TIMEOUT,
  );
});
