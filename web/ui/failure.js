// What went wrong, as people are shown it: what happened, and what to do. Pure.

export class Failure extends Error {
  /**
   * @param {string} message
   * @param {string} remedy
   * @param {{ status?: number, code?: string, files?: ReadonlyMap<number, string> }} [details] status 0: no answer at
   *   all; files: what is wrong with which of the files that were sent, by their place
   */
  constructor(message, remedy, { status = 0, code = '', files = new Map() } = {}) {
    super(message);
    this.name = 'Failure';
    this.remedy = remedy;
    this.status = status;
    this.code = code;
    this.files = files;
  }
}

/** Whatever was thrown, as a Failure. @param {unknown} thrown */
export function failureOf(thrown) {
  if (thrown instanceof Failure) return thrown;
  return new Failure(
    String(thrown instanceof Error ? thrown.message : thrown),
    'Reload the page and try again.',
  );
}

export function unreachable() {
  return new Failure(
    'The service does not answer.',
    'Check that it runs and that you are online, then try again.',
  );
}

/**
 * An answer of the API that is no success. The service says itself what happened and what to do (RFC 9457).
 * @param {number} status
 * @param {unknown} body parsed JSON, or nothing
 */
export function failureOfAnswer(status, body) {
  const { detail, remedy, code, title, errors } = /** @type {Record<string, unknown>} */ (body ?? {});
  const told = textOf(detail) ?? textOf(title);
  const fallback = FALLBACKS[status] ?? [
    `The service answered with status ${status}.`,
    'Try again in a while.',
  ];
  const mistakes = Array.isArray(errors) ? errors.map(mistakeOf) : [];
  // All files of a request have the same options, so most mistakes are there once for each.
  const message = [told ?? fallback[0], [...new Set(mistakes.map(({ text }) => text))].join('; ')];
  return new Failure(message.filter((part) => part !== '').join(' '), textOf(remedy) ?? fallback[1], {
    status,
    code: textOf(code) ?? '',
    files: new Map(mistakes.flatMap(({ file, text }) => (file === undefined ? [] : [[file, text]]))),
  });
}

/** @param {{ path?: unknown, message?: unknown }} mistake such as `{ path: 'body/files/3/name', ... }` */
function mistakeOf({ path, message }) {
  const [, at, place] = /^.*\/files\/(\d+)\/(.*)$/s.exec(String(path)) ?? [];
  return { file: at === undefined ? undefined : Number(at), text: `${place ?? path}: ${message}` };
}

/** @type {Readonly<Record<number, readonly [string, string]>>} */
const FALLBACKS = {
  404: ['This service does not offer its API.', 'Set CLEARCUT_API_TOKENS where it runs and start it again.'],
  413: ['That is too much at once.', 'Send fewer or smaller files.'],
  429: ['Too many requests.', 'Wait a moment, then try again.'],
  503: ['The service cannot reach its store just now.', 'Try again in a while.'],
};

/**
 * An upload that the bucket refused. Buckets answer in XML (S3) or JSON (a folder as the bucket).
 * @param {number} status 0 where the connection broke, or the bucket does not allow this page
 * @param {string} text the body of the answer
 */
export function failureOfUpload(status, text) {
  const { detail, remedy, code } = bucketWords(text);
  const known = UPLOAD_WORDS[status === 400 && code === 'EntityTooLarge' ? 413 : status];
  const fallback = known ?? [`The bucket refused the upload (status ${status}).`, 'Try again in a while.'];
  return new Failure(remedy === undefined ? fallback[0] : (detail ?? fallback[0]), remedy ?? fallback[1], {
    status,
    code: code ?? '',
  });
}

/** @type {Readonly<Record<number, readonly [string, string]>>} */
const UPLOAD_WORDS = {
  0: [
    'The upload broke off.',
    'Check your connection and try again. If it always fails, the bucket may not allow this page: see CLEARCUT_S3_CORS_ORIGINS.',
  ],
  403: ['The link for this upload is no longer valid.', 'Drop the file again.'],
  413: ['The file is larger than this service takes.', 'Make it smaller, then drop it again.'],
  503: ['The bucket is busy.', 'Try again in a while.'],
};

/** @param {string} text */
function bucketWords(text) {
  try {
    const { detail, remedy, code } = JSON.parse(text);
    return { detail: textOf(detail), remedy: textOf(remedy), code: textOf(code) };
  } catch {
    return { code: /<Code>(\w+)<\/Code>/.exec(text)?.[1] };
  }
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
