#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { registerDoctor } from './commands/doctor.js';
import { registerLink } from './commands/link.js';
import { registerModels } from './commands/models.js';
import { registerRemove } from './commands/remove.js';
import { registerRun } from './commands/run.js';
import { registerStatus } from './commands/status.js';
import { reportFailure } from './commands/terminal.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('clearcut')
  .description(
    'Cuts the subject out of every image that lands in a bucket, and hands out links to the results.',
  )
  .version(version)
  .configureHelp({ sortSubcommands: false })
  .showHelpAfterError('(clearcut COMMAND --help explains each command)');

registerRun(program);
registerRemove(program);
registerStatus(program);
registerLink(program);
registerDoctor(program);
registerModels(program);

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
