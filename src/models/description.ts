import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ClearcutError, messageOf } from '../errors.js';
import {
  batchSchema,
  type CatalogueModel,
  inputSchema,
  outputSchema,
  presetsSchema,
  sha256,
} from './model-schema.js';

/** A user's own model: a file that says what its network takes and gives, in the words of the catalogue. */

const DESCRIPTIONS = ['.yaml', '.yml', '.json'] as const;

const descriptionSchema = z
  .strictObject({
    name: z.string().min(1).optional(),
    task: z.string().default('As described by its user'),
    licence: z.string().min(1).default('as its user knows'),
    homepage: z.url().optional(),
    /** Path of the ONNX file, from the description's folder. */
    file: z.string().min(1).optional(),
    url: z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// address' }).optional(),
    size: z.int().min(1).optional(),
    sha256: sha256.optional(),
    input: inputSchema.extend({ name: z.string().min(1).optional() }),
    output: outputSchema
      .extend({
        name: z.string().min(1).optional(),
        /** Which output of the graph is the matte, from 0; in place of a name. */
        index: z.int().min(0).optional(),
      })
      .refine(({ name, index }) => name === undefined || index === undefined, {
        error: 'give a name or an index, not both',
      })
      .default({ activation: 'none', range: [0, 1], normalise: 'none' }),
    batch: batchSchema,
    presets: presetsSchema.optional(),
  })
  .refine(({ file, url }) => (file === undefined) !== (url === undefined), {
    error: 'give the network: either `file` or `url`',
  });

/** Whether a model's id is the path of a description, or of a network that has its description beside it. */
export function isDescriptionPath(id: string): boolean {
  return [...DESCRIPTIONS, '.onnx'].some((extension) => id.toLowerCase().endsWith(extension));
}

/**
 * The model that a description tells of; relative paths start from the working folder. Its id is made from the
 * description's content, so that whatever was prepared from another one is not mistaken for it. Throws
 * MODEL_DESCRIPTION_INVALID with every mistake at once.
 */
export function readDescription(path: string): CatalogueModel {
  const file = descriptionFile(resolve(path));
  const text = readText(file);
  const parsed = descriptionSchema.safeParse(withNetworkBeside(parse(text, file), file));
  if (!parsed.success) throw invalid(file, parsed.error.issues.map(describeIssue));
  return modelOf(parsed.data, file, text);
}

function modelOf(
  { file: network, url, size, sha256: hash, ...facts }: z.output<typeof descriptionSchema>,
  file: string,
  text: string,
): CatalogueModel {
  const folder = dirname(file);
  const { index, ...output } = facts.output;
  const slug = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const content = createHash('sha256').update(`${file}\n${text}`).digest('hex').slice(0, 8);
  const named = (['input', 'output'] as const).filter((end) => facts[end].name !== undefined);
  const known = { size, sha256: hash };
  return {
    id: `${slug === '' ? 'model' : slug}-${content}`,
    name: facts.name ?? basename(file, extname(file)),
    task: facts.task,
    licence: facts.licence,
    nonCommercial: false,
    ...(facts.homepage !== undefined && { homepage: facts.homepage }),
    input: { ...facts.input, name: facts.input.name ?? 'input' },
    output: { ...output, name: output.name ?? 'output' },
    batch: facts.batch,
    ...(facts.presets && { presets: withTables(facts.presets, folder) }),
    ...(index !== undefined && { outputIndex: index }),
    named,
    sources: [
      network === undefined
        ? { kind: 'url', url: url ?? '', ...known, ...(hash === undefined && { trust: 'first-use' }) }
        : { kind: 'file', file: resolve(folder, network), ...known },
    ],
  };
}

/** Tables lie beside the description. */
function withTables(
  presets: NonNullable<CatalogueModel['presets']>,
  folder: string,
): NonNullable<CatalogueModel['presets']> {
  const beside = (file: string) => pathToFileURL(resolve(folder, file)).href;
  const located = ({ calibration, adaptation, ...preset }: (typeof presets)['quality']) => ({
    ...preset,
    ...(calibration !== undefined && { calibration: beside(calibration) }),
    ...(adaptation !== undefined && { adaptation: beside(adaptation) }),
  });
  const { quality, balanced, fast } = presets;
  return { quality: located(quality), balanced: located(balanced), fast: located(fast) };
}

function descriptionFile(path: string): string {
  if (!path.toLowerCase().endsWith('.onnx')) return path;
  const stem = path.slice(0, -'.onnx'.length);
  const found = DESCRIPTIONS.map((extension) => stem + extension).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new ClearcutError(
    'MODEL_DESCRIPTION_INVALID',
    `${path} has no description beside it: a network does not tell what pictures it wants.`,
    { remedy: `Write ${stem}.yaml; docs/models.md has a full example.` },
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(file, [`cannot be read (${messageOf(error)})`]);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw invalid(file, [`is neither YAML nor JSON (${messageOf(error).split('\n')[0]})`]);
  }
}

/** A description of the same name as the network beside it need not tell its `file`. */
function withNetworkBeside(content: unknown, file: string): unknown {
  if (typeof content !== 'object' || content === null || 'file' in content || 'url' in content)
    return content;
  const network = `${basename(file, extname(file))}.onnx`;
  return existsSync(resolve(dirname(file), network)) ? { file: network, ...content } : content;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .map((key) => `${[place, key].filter(Boolean).join('.')}: there is no such field`)
      .join('; ');
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}

function invalid(file: string, problems: readonly string[]): ClearcutError {
  const count = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`;
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new ClearcutError('MODEL_DESCRIPTION_INVALID', `The description ${file} has ${count}:${list}`);
}
