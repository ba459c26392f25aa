import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ClearcutError, type ErrorCode } from '../../errors.js';
import { type Mistake, type Problem, problem, problemOf } from '../problem.js';

/** What is wrong behind us, and is never the fault of who calls. */
const STORE_TROUBLE = new Set<ErrorCode>([
  'STORE_UNAVAILABLE',
  'CREDENTIALS_REFUSED',
  'ACCESS_DENIED',
  'CLOCK_SKEWED',
  'BUCKET_NOT_FOUND',
]);

/** Seconds after which a call that failed for trouble of ours is worth another try. */
export const RETRY_AFTER = 5;

/** An error of the API as its callers see it. */
export function apiProblemOf(thrown: unknown): Problem {
  if (thrown instanceof InvalidRequest) {
    return { ...problemOf(thrown), errors: thrown.mistakes };
  }
  if (thrown instanceof ClearcutError && STORE_TROUBLE.has(thrown.code)) {
    // What the store says may name addresses and paths, which are for the log alone.
    const remedy = 'Try again later; the log of the service says why.';
    return problem(503, 'STORE_UNAVAILABLE', 'The object store does not serve us now.', remedy);
  }
  if (hasZodFastifySchemaValidationErrors(thrown)) return problemOfValidation(thrown);
  return problemOfFastify(thrown) ?? problemOf(thrown);
}

/** A request that is well-formed and still wrong, with every mistake in it. */
export class InvalidRequest extends ClearcutError {
  readonly mistakes: readonly Mistake[];

  constructor(code: ErrorCode, message: string, mistakes: readonly Mistake[]) {
    super(code, message);
    this.mistakes = mistakes;
  }
}

type ValidationError = Pick<FastifyError, 'validationContext'> & {
  readonly validation: ReadonlyArray<{ readonly instancePath: string; readonly message?: string }>;
};

function problemOfValidation({ validation, validationContext }: ValidationError): Problem {
  const mistakes = validation.map(({ instancePath, message = 'is wrong' }) => ({
    path: `${validationContext ?? 'request'}${instancePath}`,
    message,
  }));
  const error = new InvalidRequest('REQUEST_INVALID', 'The request does not fit its description.', mistakes);
  return { ...problemOf(error), errors: mistakes };
}

/** Mistakes that Fastify finds before a route is reached. */
const FRAMEWORK: Readonly<Record<string, readonly [code: string, detail: string, remedy: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'The body is too large.', 'Send less at once.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'MEDIA_TYPE_UNSUPPORTED',
    'The body has a type that is not taken here.',
    'Send the content type that docs/api.md names.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['REQUEST_INVALID', 'The body is empty.', 'Send JSON.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['REQUEST_INVALID', 'The body is not JSON.', 'Send JSON.'],
};

function problemOfFastify(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('statusCode' in thrown)) return undefined;
  const known = FRAMEWORK[String(thrown.code)];
  return known && problem(Number(thrown.statusCode), ...known);
}
