#!/usr/bin/env node
import { Command } from 'commander';
import { registerBench } from './commands/bench.js';
import { registerDoctor } from './commands/doctor.js';
import { registerEvaluate } from './commands/evaluate.js';
import { registerLink } from './commands/link.js';
import { registerModels } from './commands/models.js';
import { registerRedrive } from './commands/redrive.js';
import { registerRemove } from './commands/remove.js';
import { registerRun } from './commands/run.js';
import { registerSetup } from './commands/setup.js';
import { registerStatus } from './commands/status.js';
import { reportFailure } from './commands/terminal.js';
import { registerTop } from './commands/top.js';
import { systemCodeOf } from './errors.js';
import { tuneV8 } from './v8-flags.js';
import { VERSION } from './version.js';

tuneV8();

// Which Node this runs on is said in package.json; the SDK's plans for its own later versions help nobody here.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// Whoever reads our output may have seen enough (`| head`).
process.stdout.on('error', (error) => {
  if (systemCodeOf(error) !== 'EPIPE') throw error;
  process.exit();
});

const program = new Command('clearcut')
  .description(
    'Cuts the subject out of every image that lands in a bucket, and hands out links to the results.',
  )
  .version(VERSION)
  .configureHelp({ sortSubcommands: false })
  .showHelpAfterError('(clearcut COMMAND --help explains each command)');

registerRun(program);
registerSetup(program);
registerRemove(program);
registerStatus(program);
registerRedrive(program);
registerLink(program);
registerTop(program);
registerDoctor(program);
registerModels(program);
registerBench(program);
registerEvaluate(program);

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
