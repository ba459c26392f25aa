import type { Command } from 'commander';
import { ClearcutError, messageOf } from '../errors.js';
import { type CatalogueModel, readCatalogue } from '../models/catalogue.js';
import { type EnsuredModel, ensureModel } from '../models/prepare.js';
import { addModelFile, pullModel } from '../models/pull.js';
import { cachedFiles, verifyCache } from '../models/verify.js';
import { optionsOf, subcommand } from './model-options.js';
import { registerCalibrate } from './models-calibrate.js';
import { complain, print, printJson } from './terminal.js';

interface Options {
  readonly json?: boolean;
}

/** `clearcut models list|pull|prepare|verify|add|calibrate`. */
export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description('the models: what there is, fetching, preparing, checking');
  registerList(models);
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
    const { cacheDir } = optionsOf(command);
    const listed = await Promise.all(
      readCatalogue().map(async (model) => ({
        ...model,
        cached: await cachedFiles({ cacheDir, id: model.id }),
      })),
    );
    if (command.opts<Options>().json) return printJson(listed);
    for (const model of listed) showModel(model);
  });
}

function showModel(model: CatalogueModel & { cached: readonly string[] }): void {
  print(`${model.id}  (${model.name}, ${model.licence})`);
  print(`  ${model.task}; sees ${model.input.side} x ${model.input.side} pixels; ${model.homepage}`);
  print(`  in the cache: ${model.cached.length === 0 ? 'nothing yet' : model.cached.join(', ')}`);
}

function registerPull(models: Command): void {
  const command = subcommand(
    models,
    'pull',
    'fetch the weights of a model and prepare it; quick where that is done',
  );
  command.argument('[id]', 'model (default: the one configured)').action(async (id: string | undefined) => {
    const options = optionsOf(command, id);
    const source = await pullModel(options);
    const prepared = await prepareAll(options);
    if (command.opts<Options>().json) return printJson({ source: source.manifest, prepared });
    print(
      `${options.id}: ${source.wasFetched ? `fetched from ${source.manifest.from}` : 'weights are in the cache'}`,
    );
    showPrepared(prepared);
  });
}

function registerPrepare(models: Command): void {
  const command = subcommand(
    models,
    'prepare',
    'make the forms of a model that run: the preset configured, in each precision that may be chosen',
  );
  command.argument('[id]', 'model (default: the one configured)').action(async (id: string | undefined) => {
    const prepared = await prepareAll(optionsOf(command, id));
    if (command.opts<Options>().json) return printJson(prepared);
    showPrepared(prepared);
  });
}

/** Every precision that the service could choose from, so that its first start fetches and makes nothing. */
async function prepareAll(options: ReturnType<typeof optionsOf>): Promise<EnsuredModel[]> {
  const prepared: EnsuredModel[] = [];
  for (const precision of options.precisions) {
    try {
      prepared.push(await ensureModel({ ...options, precision }));
    } catch (error) {
      // Where one was asked for by name, or nothing else is left, that is an error; else the others will do.
      if (options.precisions.length === 1 || precision === 'fp32') throw error;
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
