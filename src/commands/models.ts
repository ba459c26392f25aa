import type { Command } from 'commander';
import { ClearcutError } from '../errors.js';
import { type CatalogueModel, readCatalogue } from '../models/catalogue.js';
import { ensureModel } from '../models/prepare.js';
import { addModelFile, pullModel } from '../models/pull.js';
import { cachedFiles, verifyCache } from '../models/verify.js';
import { showModelProgress } from './model-progress.js';
import { addSettings, loadSettings } from './settings-options.js';
import { print, printJson } from './terminal.js';

interface Options {
  readonly json?: boolean;
}

/** `clearcut models list|pull|prepare|verify|add`. */
export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description('the models: what there is, fetching, preparing, checking');
  registerList(models);
  registerPull(models);
  registerPrepare(models);
  registerVerify(models);
  registerAdd(models);
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
    const prepared = await ensureModel(options);
    if (command.opts<Options>().json) return printJson({ source: source.manifest, prepared });
    print(
      `${options.id}: ${source.wasFetched ? `fetched from ${source.manifest.from}` : 'weights are in the cache'}`,
    );
    showPrepared(prepared);
  });
}

function registerPrepare(models: Command): void {
  const command = subcommand(models, 'prepare', 'make the form of a model that runs, at the side configured');
  command.argument('[id]', 'model (default: the one configured)').action(async (id: string | undefined) => {
    const prepared = await ensureModel(optionsOf(command, id));
    if (command.opts<Options>().json) return printJson(prepared);
    showPrepared(prepared);
  });
}

function showPrepared({ id, variant, file, wasPrepared }: Awaited<ReturnType<typeof ensureModel>>): void {
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
    const prepared = await ensureModel(options);
    if (command.opts<Options>().json) return printJson({ source: added.manifest, prepared });
    print(`${options.id}: added ${file}`);
    showPrepared(prepared);
  });
}

function subcommand(models: Command, name: string, description: string): Command {
  const command = models.command(name).description(description).option('--json', 'print JSON');
  return addSettings(command, ['inference', 'models']);
}

function optionsOf(command: Command, id?: string) {
  const { config } = loadSettings(command);
  return {
    id: id ?? config.inference.model,
    cacheDir: config.models.cache,
    sourceUrl: config.models.url,
    maxSide: config.inference.maxSide,
    onProgress: showModelProgress(),
  };
}
