import { type Logger, pino } from 'pino';
import { ClearcutError } from '../errors.js';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'pretty';
}

/** What must never be read in a log: whoever holds a link or a token may use it. */
const SECRETS = [
  'secret',
  'secrets',
  'token',
  'authorization',
  'password',
  'url',
  'link',
  '*.secret',
  '*.secrets',
  '*.token',
  '*.link',
  '*.url',
];

/**
 * The logger of the process: one JSON object a line on stdout, or lines for people on a terminal. Links count as
 * secrets and are taken out.
 */
export function createLogger(options: LoggerOptions): Logger {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && process.stdout.isTTY);
  return pino({
    level: options.level,
    base: null,
    redact: { paths: SECRETS, censor: '[hidden]' },
    serializers: { err: serializeError },
    ...(pretty && {
      transport: {
        target: 'pino-pretty',
        options: { translateTime: 'HH:MM:ss', ignore: 'code', singleLine: true },
      },
    }),
  });
}

/** Clearcut's own errors are explained by their fields; a stack helps only where nobody expected the error. */
function serializeError(error: unknown): object {
  if (error instanceof ClearcutError) {
    const { code, message, remedy, bucket, key } = error;
    return { code, message, remedy, bucket, key };
  }
  return pino.stdSerializers.err(error as Error);
}
