import type { Command } from 'commander';
import ms from 'ms';
import type { Config } from '../config/schema.js';
import { ClearcutError } from '../errors.js';
import { createOutbox } from '../notify/outbox.js';
import { readDeadLetter } from '../pipeline/settlement.js';
import type { ObjectStore } from '../storage/object-store.js';
import { openStore, placeOf, STORE_SECTIONS } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { EXIT, print, printJson } from './terminal.js';

interface Options {
  readonly all?: boolean;
  readonly events?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Redriven {
  readonly key: string;
  /** `gone`: the input does not exist any more, so only its dead letter was removed. */
  readonly status: 'redriven' | 'gone' | 'not dead' | 'not ours';
  /** Why it was dead. */
  readonly code?: string;
}

/** `clearcut redrive [KEY...]`: gives dead objects another chance. */
export function registerRedrive(program: Command): void {
  const command = program
    .command('redrive')
    .description('remove dead letters, so that the service tries their objects again')
    .argument('[key...]', 'keys of objects in the input bucket')
    .option('--all', 'every dead letter there is')
    .option('--events', 'instead of dead letters: send events again that no target took in time')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print a line of JSON for each object');
  const settings = [...STORE_SECTIONS, 'input', 'output', 'delivery', 'notify.prefix'];
  addSettings(command, settings).action(async (keys: string[]) => {
    const { config } = loadSettings(command);
    const { all = false, events = false, dryRun = false, json = false } = command.opts<Options>();
    if (events) {
      if (all || dryRun || keys.length > 0)
        throw new ClearcutError('CONFIG_INVALID', '--events stands alone: it is about every event given up.');
      return await redriveEvents(config, json);
    }
    if (all === keys.length > 0) {
      throw new ClearcutError('CONFIG_INVALID', 'Name the objects to redrive, or say --all; not both.');
    }
    const { store } = await openStore(config);
    const counts = { redriven: 0, missed: 0 };
    for await (const letter of all ? allLetters(config, store) : lettersOf(config, keys)) {
      const redriven = await redrive(letter, config, store, dryRun);
      counts[redriven.status === 'not dead' || redriven.status === 'not ours' ? 'missed' : 'redriven'] += 1;
      if (json) printJson(redriven);
      else print(`${redriven.status}: ${redriven.key}${redriven.code ? ` (${redriven.code})` : ''}`);
    }
    if (!json) summarise(counts.redriven, config, dryRun);
    if (counts.missed > 0 && !all) process.exitCode = EXIT.failure;
  });
}

/** Puts events that were given up back into the outbox, where the running service finds them. */
async function redriveEvents(config: Config, json: boolean): Promise<void> {
  const { store } = await openStore(config);
  let count = 0;
  for await (const { target, subject } of createOutbox(
    store,
    config.output.bucket,
    config.notify.prefix,
  ).restore(Date.now())) {
    count += 1;
    if (json) printJson({ target, ...subject });
    else print(`${subject.kind}: ${subject.key} to ${target}`);
  }
  if (!json) print(`${count} events wait again; the running service sends them within ${waitOf(config)}`);
}

interface Letter {
  /** Key of the dead letter. */
  readonly key: string;
  /** Key of the input, where it was asked for by that. */
  readonly inputKey?: string;
}

async function* allLetters({ output }: Config, store: ObjectStore): AsyncGenerator<Letter> {
  for await (const { key } of store.list(output.bucket, { prefix: output.deadLetterPrefix })) yield { key };
}

function lettersOf(config: Config, keys: readonly string[]): Letter[] {
  return [...new Set(keys)].map((inputKey) => ({ key: placeOf(config, inputKey).deadLetterKey, inputKey }));
}

/**
 * Removes one dead letter. The sweep finds an object that has neither record nor dead letter, and so does whatever
 * event comes: nothing else has to be told.
 */
async function redrive(
  { key, inputKey }: Letter,
  config: Config,
  store: ObjectStore,
  isDryRun: boolean,
): Promise<Redriven> {
  const { bucket } = config.output;
  const content = await readDeadLetter(store, bucket, key);
  const source = inputKey ?? content?.source.key;
  if (content === undefined || source === undefined) {
    return inputKey === undefined ? { key, status: 'not ours' } : { key: inputKey, status: 'not dead' };
  }
  // A file that somebody put there, or one of a service with other folders.
  if (placeOf(config, source).deadLetterKey !== key) return { key, status: 'not ours' };
  const exists = (await store.head(config.input.bucket, source)) !== undefined;
  if (!isDryRun) await store.delete(bucket, key);
  return { key: source, status: exists ? 'redriven' : 'gone', code: content.error.code };
}

function summarise(count: number, config: Config, isDryRun: boolean): void {
  const letters = count === 1 ? 'one dead letter' : `${count} dead letters`;
  if (isDryRun) print(`${letters} would be removed`);
  else print(`${letters} removed; the running service finds the objects within ${waitOf(config)}`);
}

function waitOf({ delivery }: Config): string {
  return ms(delivery.sweepInterval);
}
