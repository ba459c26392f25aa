import type { Command } from 'commander';
import { ClearcutError, messageOf } from '../errors.js';
import { type CatalogueModel, findModel, readCatalogue } from '../models/catalogue.js';
import { isDescriptionPath } from '../models/description.js';
import { type EnsuredModel, ensureModel } from '../models/prepare.js';
import { addModelFile, type PulledModel, pullModel } from '../models/pull.js';
import { cachedFiles, verifyCache } from '../models/verify.js';
import { optionsOf, precisionsWanted, subcommand } from './model-options.js';
import { registerCalibrate } from './models-calibrate.js';
import { complain, print, printJson } from './terminal.js';

interface Options {
  readonly json?: boolean;
}

/** `clearcut models list|show|pull|prepare|verify|add|calibrate`. */
export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description('the models: what there is, fetching, preparing, checking');
  registerList(models);
  registerShow(models);
  registerPull(models);
  registerPrepare(models);
  registerVerify(models);
  registerAdd(models);
  registerCalibrate(models);
}

function registerList(models: Command): void {
  const command = subcommand(
    models,
    'list',
    'list the models of the catalogue and what the cache has of each',
  );
  command.action(async () => {
    const { cacheDir, id } = optionsOf(command);
    const own = isDescriptionPath(id) ? [findModel(id)] : [];
    const listed = await Promise.all(
      [...own, ...readCatalogue()].map(async (model) => ({
        ...model,
        cached: await cachedFiles({ cacheDir, id: model.id }),
      })),
    );
    if (command.opts<Options>().json) return printJson(listed);
    for (const model of listed) showModel(model);
  });
}

function showModel(model: CatalogueModel & { cached: readonly string[] }): void {
  const { id, name, licence, nonCommercial, task, input, homepage } = model;
  print(`${id}  (${name}, ${licence}${nonCommercial ? ', not for commercial use' : ''})`);
  print(`  ${[task, `sees ${input.side} x ${input.side} pixels`, homepage].filter(Boolean).join('; ')}`);
  print(`  in the cache: ${model.cached.length === 0 ? 'nothing yet' : model.cached.join(', ')}`);
}

function registerShow(models: Command): void {
  const command = subcommand(
    models,
    'show',
    'show what is known of a model: what it takes and gives, where its weights come from; checks a description',
  );
  command
    .argument('[id]', 'model, or path of a description (default: the one configured)')
    .action(async (id: string | undefined) => {
      const { id: wanted, cacheDir } = optionsOf(command, id);
      const model = findModel(wanted);
      const cached = await cachedFiles({ cacheDir, id: model.id });
      if (command.opts<Options>().json) return printJson({ ...model, cached });
      showModel({ ...model, cached });
      const { mean, std, order, layout, resize, kernel, sideStep } = model.input;
      const sides = sideStep === undefined ? 'no other side' : `other sides in steps of ${sideStep}`;
      print(`  takes: ${order}, ${layout}, mean ${mean.join(' ')}, std ${std.join(' ')}; ${sides}`);
      print(`  pictures: ${resize}, made smaller with ${kernel}; in one run: ${model.batch}`);
      const { activation, range, normalise } = model.output;
      print(`  gives: ${activation} activation, from ${range.join(' to ')}, normalised: ${normalise}`);
      for (const source of model.sources) print(`  weights: ${describeSource(source)}`);
    });
}

function describeSource(source: CatalogueModel['sources'][number]): string {
  const hash = source.sha256 === undefined ? 'no hash known' : `SHA-256 ${source.sha256}`;
  const size = source.size === undefined ? '' : `, ${Math.round(source.size / 1e5) / 10} MB`;
  const place =
    source.kind === 'npm' || source.kind === 'pypi'
      ? `${source.kind} package ${source.package} ${source.version}`
      : source.kind === 'url'
        ? source.url
        : source.file;
  return `${place} (${hash}${size})`;
}

function registerPull(models: Command): void {
  const command = subcommand(
    models,
    'pull',
    'fetch the weights of a model and prepare it; quick where that is done',
  );
  command.argument('[id]', 'model, or path of a description (default: the one configured)');
  command.action(async (id: string | undefined) => {
    const options = optionsOf(command, id);
    const source = await pullModel(options);
    const prepared = await prepareAll(options);
    if (command.opts<Options>().json) return printJson({ source: source.manifest, prepared });
    print(`${findModel(options.id).id}: ${describePulled(source)}`);
    showPrepared(prepared);
  });
}

function describePulled({ wasFetched, manifest, file }: PulledModel): string {
  const { from, trust, sha256 } = manifest;
  const place = wasFetched
    ? `fetched from ${from}`
    : from === `file ${file}`
      ? `weights are in ${file}`
      : 'weights are in the cache';
  // Shown each time: only the user can compare it with what the maker of the weights says.
  return trust === undefined
    ? place
    : `${place}; no hash was known, it is held to SHA-256 ${sha256} from now on`;
}

function registerPrepare(models: Command): void {
  const command = subcommand(
    models,
    'prepare',
    'make the forms of a model that run: the preset configured, in each precision that may be chosen',
  );
  command.argument('[id]', 'model, or path of a description (default: the one configured)');
  command.action(async (id: string | undefined) => {
    const prepared = await prepareAll(optionsOf(command, id));
    if (command.opts<Options>().json) return printJson(prepared);
    showPrepared(prepared);
  });
}

/** Every precision that the service could choose from, so that its first start fetches and makes nothing. */
async function prepareAll(options: ReturnType<typeof optionsOf>): Promise<EnsuredModel[]> {
  const prepared: EnsuredModel[] = [];
  const precisions = precisionsWanted(options);
  for (const precision of precisions) {
    try {
      prepared.push(await ensureModel({ ...options, precision }));
    } catch (error) {
      // Where one was asked for by name, or nothing else is left, that is an error; else the others will do.
      if (precisions.length === 1 || precision === 'fp32') throw error;
      complain(`${options.id} ${precision}: ${messageOf(error)}`);
    }
  }
  return prepared;
}

function showPrepared(prepared: readonly EnsuredModel[]): void {
  for (const { id, variant, file, wasPrepared } of prepared)
    print(`${id} ${variant}: ${wasPrepared ? 'prepared' : 'is prepared already'}: ${file}`);
}

function registerVerify(models: Command): void {
  const command = subcommand(
    models,
    'verify',
    'check every file of the cache against its hash; remove damaged ones',
  );
  command.action(async () => {
    const files = await verifyCache(optionsOf(command));
    if (command.opts<Options>().json) printJson(files);
    else for (const { model, name, status } of files) print(`${status}  ${model} ${name}`);
    if (files.length === 0 && !command.opts<Options>().json) print('the cache is empty');
    const damaged = files.filter((file) => file.status === 'damaged').map((file) => file.file);
    if (damaged.length > 0) {
      throw new ClearcutError('MODEL_CHECKSUM_MISMATCH', `Damaged and removed: ${damaged.join(', ')}.`, {
        remedy: 'They are made again when they are needed: clearcut models pull.',
      });
    }
  });
}

function registerAdd(models: Command): void {
  const command = subcommand(
    models,
    'add',
    "take the weights from a file of yours, where the network can't be had",
  );
  command
    .argument('<file>', 'ONNX file as published')
    .option('--id <id>', 'model (default: the one configured)');
  command.action(async (file: string) => {
    const options = optionsOf(command, command.opts<{ id?: string }>().id);
    const added = await addModelFile({ ...options, file });
    const prepared = await prepareAll(options);
    if (command.opts<Options>().json) return printJson({ source: added.manifest, prepared });
    print(`${options.id}: added ${file}`);
    showPrepared(prepared);
  });
}
