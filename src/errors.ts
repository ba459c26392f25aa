/**
 * Every error Clearcut raises on purpose. An error says what happened, to which object, whether trying again
 * can help, and what to do about it; the table below is the one place where each kind is described.
 */

/** `permanent`: the same bytes will fail again, so a dead letter is due. `transient`: try again later. */
export type Permanence = 'permanent' | 'transient';

interface ErrorKind {
  readonly permanence: Permanence;
  /** What the reader can do. Used unless the place that raises the error knows better. */
  readonly remedy: string;
  /** Status for the HTTP server, where the error can reach a client. */
  readonly httpStatus: number;
}

const ERROR_KINDS = {
  // The image itself.
  FORMAT_UNSUPPORTED: kind('permanent', 415, 'Upload JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF.'),
  IMAGE_EMPTY: kind('permanent', 422, 'The object has no bytes: upload it again.'),
  IMAGE_CORRUPT: kind('permanent', 422, 'The file is damaged or incomplete: upload it again.'),
  IMAGE_TOO_MANY_BYTES: kind('permanent', 413, 'Upload a smaller file, or raise CLEARCUT_MAX_BYTES.'),
  IMAGE_TOO_MANY_PIXELS: kind('permanent', 413, 'Upload a smaller picture, or raise CLEARCUT_MAX_PIXELS.'),
  IMAGE_TOO_MANY_FRAMES: kind('permanent', 413, 'Upload fewer frames, or raise CLEARCUT_MAX_FRAMES.'),

  NO_SUBJECT: kind(
    'permanent',
    422,
    'Upload a picture that shows a subject, or set the option no-subject to keep or empty.',
  ),

  OPTIONS_INVALID: kind('permanent', 400, 'Correct the options; docs/options.md lists them.'),

  // Ground truth, of `clearcut evaluate`.
  TRUTH_INVALID: kind('permanent', 422, 'Give each image one file of its own name and size.'),

  // Storage.
  OBJECT_NOT_FOUND: kind('permanent', 404, 'Check the bucket and the key.'),
  BUCKET_NOT_FOUND: kind('permanent', 404, 'Create the bucket, or correct its name in the configuration.'),
  KEY_INVALID: kind(
    'permanent',
    400,
    'Use a key without empty, "." or ".." segments and within the length limit.',
  ),
  PRECONDITION_FAILED: kind(
    'transient',
    412,
    'Another writer was faster: read the object again, then decide.',
  ),
  STORE_UNAVAILABLE: kind('transient', 503, 'Check that the store can be reached and is not full.'),
  CREDENTIALS_REFUSED: kind(
    'transient',
    503,
    'Check CLEARCUT_S3_ACCESS_KEY_ID and CLEARCUT_S3_SECRET_ACCESS_KEY.',
  ),
  ACCESS_DENIED: kind('transient', 403, 'Let the access key read, write, delete and list in the bucket.'),
  CLOCK_SKEWED: kind('transient', 503, "Set this machine's clock right, for example with NTP."),
  FOLDER_IN_USE: kind('permanent', 409, 'Stop the other Clearcut on this folder, or give this one its own.'),

  // Events.
  EVENT_INVALID: kind('permanent', 400, 'Let the source send S3 event notifications and nothing else.'),
  TOKEN_INVALID: kind(
    'permanent',
    401,
    'Send the token of CLEARCUT_WEBHOOK_TOKEN: "Authorization: Bearer TOKEN".',
  ),
  EVENT_SOURCE_UNAVAILABLE: kind(
    'transient',
    503,
    'Check that the source of events can be reached and that the credentials may read it.',
  ),

  TARGET_UNAVAILABLE: kind(
    'transient',
    503,
    'Start the receiver, or correct the settings CLEARCUT_NOTIFY_...; events wait for it meanwhile.',
  ),

  // The HTTP API.
  REQUEST_INVALID: kind('permanent', 400, 'Correct the request; docs/api.md describes it.'),
  SCOPE_MISSING: kind(
    'permanent',
    403,
    'Use a token that has the scope; CLEARCUT_API_TOKENS says which has.',
  ),
  CALLER_REFUSED: kind(
    'permanent',
    403,
    'Set CLEARCUT_API_TOKENS: without tokens the API is for programs of this machine alone.',
  ),
  BATCH_NOT_FOUND: kind('permanent', 404, 'Use the id that POST /v1/uploads answered with.'),
  RATE_LIMITED: kind('transient', 429, 'Send fewer requests, or raise CLEARCUT_API_RATE_LIMIT.'),

  // Links.
  LINK_EXPIRED: kind('permanent', 403, 'Ask for a new link: clearcut link KEY.'),
  LINK_INVALID: kind('permanent', 403, 'Use the link exactly as it was issued, or ask for a new one.'),

  // Models and inference.
  MODEL_UNKNOWN: kind('permanent', 404, 'See the ids in: clearcut models list.'),
  MODEL_FETCH_FAILED: kind(
    'transient',
    502,
    'Check the network, or add the file by hand: clearcut models add FILE.',
  ),
  MODEL_CHECKSUM_MISMATCH: kind('permanent', 502, 'The file is not the published one: fetch it again.'),
  MODEL_LICENCE_NOT_ACCEPTED: kind('permanent', 403, 'Read the licence of the model, or choose another one.'),
  MODEL_DESCRIPTION_INVALID: kind(
    'permanent',
    400,
    'Correct the description; docs/models.md has a full example.',
  ),
  MODEL_UNSUPPORTED: kind('permanent', 422, 'Use a model of the catalogue; see: clearcut models list.'),
  DEVICE_UNAVAILABLE: kind('permanent', 503, 'Run: clearcut doctor.'),
  INFERENCE_FAILED: kind('transient', 503, 'Run: clearcut doctor.'),
  WORKER_CRASHED: kind('transient', 503, 'The worker was started again; look for the cause in the log.'),

  // The service.
  CONFIG_INVALID: kind('permanent', 500, 'Correct the configuration and start again.'),
  ATTEMPTS_EXHAUSTED: kind('permanent', 500, 'Remove the cause, then upload the object again.'),
  SHUTTING_DOWN: kind(
    'transient',
    503,
    'The service is stopping; the object is picked up at the next start.',
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** What an error is about. */
export interface ErrorSubject {
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  /** Of the version that failed, where one was looked at. */
  readonly etag?: string | undefined;
}

export interface ErrorDetails extends ErrorSubject {
  /** Overrides the remedy of the kind. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

export class ClearcutError extends Error {
  override readonly name = 'ClearcutError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly etag: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy ?? ERROR_KINDS[code].remedy;
    this.bucket = details.bucket;
    this.key = details.key;
    this.etag = details.etag;
  }

  /** The same error, saying which object version it is about unless it says so already. */
  about(subject: ErrorSubject): ClearcutError {
    if (this.etag !== undefined) return this;
    const { code, message, remedy, cause = this } = this;
    return new ClearcutError(code, message, { ...subject, remedy, cause });
  }

  get permanence(): Permanence {
    return ERROR_KINDS[this.code].permanence;
  }

  get httpStatus(): number {
    return ERROR_KINDS[this.code].httpStatus;
  }
}

/** Anything thrown, as a ClearcutError: unknown errors take the code given (a transient one, unless you know better). */
export function toClearcutError(thrown: unknown, code: ErrorCode, subject: ErrorSubject = {}): ClearcutError {
  if (thrown instanceof ClearcutError) return thrown;
  return new ClearcutError(code, messageOf(thrown), { ...subject, cause: thrown });
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system error code (`ENOENT`, `EADDRINUSE`, ...) of anything that was thrown, if it has one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}

function kind(permanence: Permanence, httpStatus: number, remedy: string): ErrorKind {
  return { permanence, httpStatus, remedy };
}
