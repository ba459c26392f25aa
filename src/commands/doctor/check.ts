import { ClearcutError, type ErrorCode, toClearcutError } from '../../errors.js';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'advice' | 'wrong';
  readonly detail: string;
  readonly remedy?: string;
}

/** What an examination throws to give advice: all works, and could be better. */
export class Advice extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** Runs one examination, which resolves with what it found; what it throws is what is wrong. */
export async function check(
  name: string,
  examine: () => Promise<string>,
  code: ErrorCode = 'STORE_UNAVAILABLE',
): Promise<Check> {
  try {
    return { name, status: 'ok', detail: await examine() };
  } catch (thrown) {
    if (thrown instanceof Advice)
      return { name, status: 'advice', detail: thrown.message, remedy: thrown.remedy };
    const { message, remedy } = toClearcutError(thrown, code);
    return { name, status: 'wrong', detail: message, remedy };
  }
}

/** Whether this is an error with one of these codes. */
export function hasCode(thrown: unknown, ...codes: ErrorCode[]): thrown is ClearcutError {
  return thrown instanceof ClearcutError && codes.includes(thrown.code);
}
