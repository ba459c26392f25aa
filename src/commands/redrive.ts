import type { Command } from 'commander';
import ms from 'ms';
import type { Config } from '../config/schema.js';
import { ClearcutError } from '../errors.js';
import { createOutbox } from '../notify/outbox.js';
import { redriveAll, redriveKeys } from '../pipeline/dead-letters.js';
import { deadLetterAreaOf, openStore, STORE_SECTIONS } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { EXIT, print, printJson } from './terminal.js';

interface Options {
  readonly all?: boolean;
  readonly events?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
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
    const area = deadLetterAreaOf(config, store);
    for await (const redriven of all ? redriveAll(area, dryRun) : redriveKeys(area, keys, dryRun)) {
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

function summarise(count: number, config: Config, isDryRun: boolean): void {
  const letters = count === 1 ? 'one dead letter' : `${count} dead letters`;
  if (isDryRun) print(`${letters} would be removed`);
  else print(`${letters} removed; the running service finds the objects within ${waitOf(config)}`);
}

function waitOf({ delivery }: Config): string {
  return ms(delivery.sweepInterval);
}
