import { ClearcutError } from '../../errors.js';
import type { S3Clients } from '../../storage/s3/client.js';
import { toS3Error } from '../../storage/s3/errors.js';
import { UnsupportedByServer } from './step.js';

/** The server that is set up. */
export type S3Server = Pick<S3Clients, 'client' | 'server'>;

export interface CallSubject {
  readonly server: string;
  readonly bucket: string;
  /** What to do where the server refuses the call as wrong; for calls whose error says little. */
  readonly remedy?: string;
  /** What it means that the server does not know the call. */
  readonly unsupported?: { readonly message: string; readonly remedy: string };
}

const NOT_KNOWN = ['NotImplemented', 'MethodNotAllowed'];

/** Sends to S3; what that throws becomes a ClearcutError, or UnsupportedByServer. */
export async function callS3<Result>(subject: CallSubject, call: () => Promise<Result>): Promise<Result> {
  const { server, bucket, remedy, unsupported } = subject;
  try {
    return await call();
  } catch (thrown) {
    if (unsupported !== undefined && isNamed(thrown, NOT_KNOWN))
      throw new UnsupportedByServer(unsupported.message, unsupported.remedy);
    const error = toS3Error(thrown, { server, bucket });
    // Codes of its own are explained better; what is left is "the server answered 400, InvalidArgument".
    if (remedy === undefined || !(error instanceof ClearcutError) || error.code !== 'STORE_UNAVAILABLE')
      throw error;
    throw new ClearcutError(error.code, error.message, { bucket, remedy, cause: thrown });
  }
}

/** What the call gives; undefined where the server says that there is nothing, by one of these error names. */
export async function unless<Result>(
  names: readonly string[],
  call: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await call();
  } catch (thrown) {
    if (isNamed(thrown, names)) return undefined;
    throw thrown;
  }
}

/** The server has neither the bucket nor any such rule: in a dry run both are still to be made. */
export function noneYet(ruleError: string): readonly string[] {
  return [ruleError, 'NoSuchBucket', ...NOT_KNOWN];
}

function isNamed(thrown: unknown, names: readonly string[]): boolean {
  return thrown instanceof Error && names.includes(thrown.name);
}
