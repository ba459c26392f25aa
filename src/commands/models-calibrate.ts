import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { ClearcutError } from '../errors.js';
import { decode } from '../image/decode.js';
import { type Framing, toModelInput } from '../image/model-input.js';
import { calibrate } from '../models/calibrate.js';
import { writeTable } from '../models/calibration.js';
import { findModel, formOf } from '../models/catalogue.js';
import { pullModel } from '../models/pull.js';
import { optionsOf, subcommand } from './model-options.js';
import { findImages } from './remove-files.js';
import { print, printJson } from './terminal.js';

/** `clearcut models calibrate FOLDER -o FILE`. */
export function registerCalibrate(models: Command): void {
  const command = subcommand(
    models,
    'calibrate',
    'measure the activation ranges that int8 needs, over a folder of photographs; writes a calibration table',
  );
  command
    .argument('<folder>', 'photographs of the kind that will be cut out; two dozen are enough')
    .requiredOption(
      '-o, --output <file>',
      'where the table goes; the shipped ones are in models/calibration',
    );
  command.action(async (folder: string) => {
    const { output, json } = command.opts<{ output: string; json?: boolean }>();
    const { files } = await findImages([folder], resolve(output));
    if (files.length === 0)
      throw new ClearcutError('OBJECT_NOT_FOUND', `There are no images in ${folder}.`, {
        remedy: 'Give a folder of photographs.',
      });
    const options = optionsOf(command);
    const model = findModel(options.id);
    const form = formOf(model, options.preset, options.maxSide);
    const source = await pullModel(options);
    const bar = new SingleBar({
      format: 'calibrating [{bar}] {value}/{total} photographs',
      stream: process.stderr,
    });
    if (process.stderr.isTTY) bar.start(files.length, 0);
    const table = await calibrate({
      model,
      form,
      source: source.file,
      pictures: modelInputs(files, form.side, model.input),
      from: `${files.length} photographs at ${form.side} x ${form.side}`,
      onPicture: () => bar.increment(),
    });
    bar.stop();
    await writeFile(output, writeTable(table));
    const { length } = Object.keys(table.values);
    if (json) return printJson({ output, photographs: files.length, values: length });
    print(`${model.id}: ranges of ${length} values from ${files.length} photographs: ${output}`);
  });
}

async function* modelInputs(
  files: readonly { input: string }[],
  side: number,
  framing: Framing,
): AsyncIterable<Uint8Array> {
  for (const { input } of files) yield await toModelInput(await decode(await readFile(input)), side, framing);
}
