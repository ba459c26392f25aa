import { ClearcutError, messageOf } from '../errors.js';

/** What stands around a finding: sharp's word for it, libheif's number of it. */
const DECORATION = /^Input buffer has corrupt header: |[\s:.]*( \(\d+\.\d+\))?[\s:.]*$/g;
/** How the libraries below libvips say that they were built without something, or never learnt it. */
const NOT_KNOWN = /not (supported|configured|been built in|implemented)|unsupported jpeg/i;
/** What sharp says of a file that no reader takes, or that its reader gives up on, though its first bytes are right. */
const NO_HEADER = ['Input buffer contains unsupported image format', 'Input buffer has corrupt header'];

/**
 * For `.catch` behind a sharp call on bytes that came from outside: what libvips cannot read is damaged, or a kind of
 * its format that it does not know. Its message has a line for each layer it passed; the first that names more than a
 * place in the file says what was found.
 */
export function toImageError(error: unknown): never {
  if (error instanceof ClearcutError) throw error;
  const lines = messageOf(error)
    .split('\n')
    .map((line) => line.replace(DECORATION, '').trim());
  const found = lines.find((line) => !/^(source: bad seek|$)/.test(line)) ?? lines[0] ?? 'unreadable';
  if (NOT_KNOWN.test(found)) throw unknownKind(found, error);
  const what = NO_HEADER.includes(found) ? 'its header is not whole' : found;
  throw new ClearcutError('IMAGE_CORRUPT', `The picture cannot be decoded: ${what}.`, { cause: error });
}

/** A picture of a supported format, in a way that its decoder does not know. */
export function unknownKind(what: string, cause?: unknown): ClearcutError {
  return new ClearcutError(
    'FORMAT_UNSUPPORTED',
    `The picture is of a kind that cannot be decoded: ${what}.`,
    {
      remedy: 'Convert it to an ordinary JPEG or PNG (docs/inputs.md says how), and upload that.',
      cause,
    },
  );
}
