import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import { STORE_SECTIONS } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { directorySteps } from './setup/directory-steps.js';
import type { Policy } from './setup/policy.js';
import { type Step, type StepResult, takeStep } from './setup/step.js';
import { EXIT, print, printJson } from './terminal.js';

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const MARKS = { unchanged: '=', done: '+', planned: '+', unsupported: '!', wrong: '✗' } as const;

/** `clearcut setup`: makes what the service needs where it is missing, and leaves everything else as it is. */
export function registerSetup(program: Command): void {
  const command = program
    .command('setup')
    .description(
      'make buckets, notifications, CORS and expiry rules where they are missing; changes nothing twice',
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print JSON');
  addSettings(command, [...STORE_SECTIONS, 'events', 'input', 'output', 'delivery']).action(async () => {
    const { config } = loadSettings(command);
    const { dryRun = false, json = false } = command.opts<Options>();
    const { steps, policy } =
      config.storage.kind === 's3' ? await loadS3Setup(config) : directorySetup(config);
    const results: StepResult[] = [];
    for (const step of steps) {
      const result = await takeStep(step, dryRun);
      results.push(result);
      if (!json) show(result);
    }
    if (json) printJson({ steps: results, ...(policy && { policy }) });
    else summarise(results, policy);
    if (results.some(({ status }) => status === 'wrong')) process.exitCode = EXIT.failure;
  });
}

interface Setup {
  readonly steps: readonly Step[];
  readonly policy?: Policy;
}

/** Loaded only where it is used: the SDK takes a while. */
async function loadS3Setup(config: Config): Promise<Setup> {
  const { openS3Setup } = await import('./setup/s3-steps.js');
  return openS3Setup(config);
}

function directorySetup(config: Config): Setup {
  return { steps: directorySteps(config) };
}

function show({ name, status, detail, remedy }: StepResult): void {
  print(`${MARKS[status]} ${name}: ${detail}${status === 'planned' ? ' (would be made)' : ''}`);
  if (remedy !== undefined) print(`    → ${remedy}`);
}

function summarise(results: readonly StepResult[], policy: Policy | undefined): void {
  const count = (status: StepResult['status']) => results.filter((result) => result.status === status).length;
  if (count('planned') > 0) print(`${count('planned')} to do; nothing was changed`);
  else if (count('done') > 0) print(`${count('done')} done`);
  else if (count('wrong') === 0) print('nothing to do');
  if (policy === undefined) return;
  print('\nThe least that the service needs, as a policy for its key; review it, then attach it yourself:');
  print(JSON.stringify(policy, null, 2));
}
