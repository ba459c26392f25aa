import { describe, expect, it } from 'vitest';
import { calibrationPath, readCalibration } from '../../../src/models/calibration.js';
import { findModel, formOf, readCatalogue } from '../../../src/models/catalogue.js';
import { catalogueOf, MODEL_ID } from './catalogues.js';

describe('the shipped catalogue', () => {
  it('has the default model', () => {
    expect(findModel('isnet-general-use')).toMatchObject({ licence: 'Apache-2.0', input: { side: 1024 } });
  });

  it('marks what may not be used commercially, as its licence says', () => {
    for (const { id, licence, nonCommercial } of readCatalogue())
      expect(nonCommercial, id).toBe(/-NC-/.test(licence));
    expect(findModel('rmbg-2.0').nonCommercial).toBe(true);
  });

  it('has each id once', () => {
    const ids = readCatalogue().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a source with a hash for every model, over https where it is an address', () => {
    for (const { sources } of readCatalogue()) {
      expect(sources.length).toBeGreaterThan(0);
      for (const source of sources) {
        expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(source.size).toBeGreaterThan(1_000_000);
        if (source.kind === 'url') expect(source.url).toMatch(/^https:/);
      }
    }
  });

  it('runs every model at sides that are multiples of its step', () => {
    for (const { input } of readCatalogue()) expect(input.side % (input.sideStep ?? 1)).toBe(0);
  });

  it.each(calibrations())('has $file, with ranges that $id can be quantized with', async ({ id, file }) => {
    const { model, values } = await readCalibration(calibrationPath(file));
    expect(model).toBe(id);
    expect(Object.keys(values).length).toBeGreaterThan(0);
    for (const [name, { min, max, mean }] of Object.entries(values)) {
      expect(max, name).toBeGreaterThan(min);
      expect(mean.length, name).toBeGreaterThan(0);
    }
  });
});

describe('findModel', () => {
  it('looks in the catalogue that it is given', () => {
    expect(findModel(MODEL_ID, catalogueOf()).name).toBe('Small network');
  });

  it('names the ids there are where it knows no such model', () => {
    expect(() => findModel('u2net', catalogueOf())).toThrow(
      expect.objectContaining({ code: 'MODEL_UNKNOWN', message: expect.stringMatching(/"u2net".*network/) }),
    );
  });
});

describe('formOf', () => {
  const model = findModel('isnet-general-use');

  it.each([
    { maxSide: 2048, side: 1024, rule: "never above the preset's side" },
    { maxSide: 1024, side: 1024, rule: "up to the preset's side" },
    { maxSide: 1023, side: 960, rule: 'down to the step below' },
    { maxSide: 512, side: 512, rule: 'as asked where it suits' },
    { maxSide: 1, side: 64, rule: 'never below one step' },
  ])('is $side for at most $maxSide pixels: $rule', ({ maxSide, side }) => {
    expect(formOf(model, 'quality', maxSide)).toEqual({ side, sideOutput: 0 });
  });

  it('is the one that there is of a network of one side, in every preset', () => {
    const one = findModel('birefnet-lite');
    for (const preset of ['quality', 'balanced', 'fast'] as const)
      expect(formOf(one, preset, 1024)).toEqual({ side: 1024, sideOutput: 0 });
  });

  it('refuses to make a network of one side any smaller', () => {
    expect(() => formOf(findModel('birefnet-hr'), 'fast', 1024)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('2048 x 2048') }),
    );
  });

  it('takes the side and the output of the preset', () => {
    const rest = { sideOutput: 1, dilations: 'scaled', adaptation: 'isnet-general-use-fast.json' };
    expect(formOf(model, 'fast', 2048)).toEqual({ side: 384, ...rest });
    expect(formOf(model, 'fast', 380)).toEqual({ side: 320, ...rest });
    expect(formOf(model, 'balanced', 600)).toEqual({ side: 576, sideOutput: 1, dilations: 'scaled' });
  });

  it('has sides in every preset that suit the network', () => {
    for (const { presets, input } of readCatalogue()) {
      for (const { side } of Object.values(presets ?? {}))
        expect(side % (input.sideStep ?? Number.NaN)).toBe(0);
    }
  });
});

/** The calibration tables that the catalogue names. */
function calibrations() {
  return readCatalogue().flatMap(({ id, presets }) =>
    Object.values(presets ?? {}).flatMap(({ calibration: file }) =>
      file === undefined ? [] : [{ id, file }],
    ),
  );
}
