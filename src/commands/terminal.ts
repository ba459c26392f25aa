import { ClearcutError } from '../errors.js';

/** Exit codes, after sysexits.h where it has one. */
export const EXIT = {
  failure: 1,
  /** EX_CONFIG: the configuration is wrong. */
  configuration: 78,
} as const;

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ends a command that failed: what happened, what to do, and an exit code. A stack is shown only for our own bugs. */
export function reportFailure(error: unknown): void {
  if (error instanceof ClearcutError) {
    complain(`clearcut: ${error.message}`);
    if (error.code !== 'CONFIG_INVALID') complain(`  → ${error.remedy}`);
    process.exitCode = error.code === 'CONFIG_INVALID' ? EXIT.configuration : EXIT.failure;
    return;
  }
  complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = EXIT.failure;
}
