import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import { ClearcutError } from '../errors.js';
import { readSettlement, settledAs } from '../pipeline/settlement.js';
import type { ObjectStore } from '../storage/object-store.js';
import { acceptanceOf, openStore, placeOf, STORE_SECTIONS } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { print, printJson } from './terminal.js';

/** `clearcut status [KEY]`: what became of the input, read from the buckets alone. */
export function registerStatus(program: Command): void {
  const command = program
    .command('status')
    .description('say what became of an object, or count what is done, dead and pending')
    .argument('[key]', 'key of the object in the input bucket')
    .option('--json', 'print JSON');
  addSettings(command, [...STORE_SECTIONS, 'input', 'output']).action(async (key: string | undefined) => {
    const { config } = loadSettings(command);
    const { store } = await openStore(config);
    const asJson = command.opts<{ json?: boolean }>().json === true;
    if (key === undefined) await showSummary(config, store, asJson);
    else await showObject(config, store, key, asJson);
  });
}

async function showObject(config: Config, store: ObjectStore, key: string, asJson: boolean): Promise<void> {
  const { bucket } = config.input;
  const head = await store.head(bucket, key);
  if (head === undefined)
    throw new ClearcutError('OBJECT_NOT_FOUND', `There is no object "${key}" in "${bucket}".`);
  const settlement = await readSettlement(store, placeOf(config, key));
  const settled = settledAs(settlement, head.etag);
  if (settled === 'result') {
    const record = settlement.record?.content;
    if (asJson) return printJson(record);
    print(`done: ${record?.output.bucket}/${record?.output.key}`);
    if (record?.mask !== undefined) print(`  mask: ${record.mask.bucket}/${record.mask.key}`);
    return print(
      `  ${record?.output.width} x ${record?.output.height}, ${record?.timings['total']} ms, ${record?.finishedAt}`,
    );
  }
  if (settled === 'dead-letter') {
    const deadLetter = settlement.deadLetter?.content;
    if (asJson) return printJson(deadLetter);
    print(`dead: ${deadLetter?.error.code}: ${deadLetter?.error.message}`);
    return print(`  → ${deadLetter?.error.remedy}`);
  }
  const status = acceptanceOf(config)(bucket, key) ? 'pending' : 'ignored';
  if (asJson) return printJson({ status, source: { bucket, key, etag: head.etag, size: head.size } });
  print(status === 'pending' ? 'pending: no result yet' : 'ignored: the input filter leaves this key out');
}

async function showSummary(config: Config, store: ObjectStore, asJson: boolean): Promise<void> {
  const accepts = acceptanceOf(config);
  const counts = { done: 0, dead: 0, pending: 0 };
  for await (const { key } of store.list(config.input.bucket, { prefix: config.input.prefix })) {
    if (!accepts(config.input.bucket, key)) continue;
    const [head, settlement] = await Promise.all([
      store.head(config.input.bucket, key),
      readSettlement(store, placeOf(config, key)),
    ]);
    const settled = head && settledAs(settlement, head.etag);
    counts[settled === 'result' ? 'done' : settled === 'dead-letter' ? 'dead' : 'pending'] += 1;
  }
  if (asJson) return printJson(counts);
  print(`${counts.done} done, ${counts.dead} dead, ${counts.pending} pending`);
}
