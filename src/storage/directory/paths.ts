import { ClearcutError } from '../../errors.js';

/**
 * Which keys and bucket names a directory can hold, so that a key's segments are the names of folders and a file,
 * byte for byte, and never lead anywhere else.
 */

const MAX_KEY_BYTES = 1024;
/** The limit of ext4, XFS, APFS and NTFS, or below it. */
const MAX_SEGMENT_BYTES = 255;

// biome-ignore lint/suspicious/noControlCharactersInRegex: Windows forbids exactly these characters.
const FORBIDDEN_ON_WINDOWS = /[<>:"\\|?*\u0000-\u001f]|[ .]$/;
const RESERVED_ON_WINDOWS = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** The names of the folders and the file that the key means. Throws KEY_INVALID. */
export function segmentsOf(bucket: string, key: string, platform = process.platform): string[] {
  const problem = keyProblem(key, platform);
  if (problem === undefined) return key.split('/');
  throw new ClearcutError('KEY_INVALID', `The key ${problem}.`, { bucket, key });
}

/** What keeps the key from being a path, as the rest of a sentence that starts with "The key". */
export function keyProblem(key: string, platform: NodeJS.Platform = process.platform): string | undefined {
  if (key === '') return 'is empty';
  const bytes = Buffer.from(key, 'utf8');
  if (bytes.length > MAX_KEY_BYTES) return `has ${bytes.length} bytes, more than ${MAX_KEY_BYTES}`;
  // A lone surrogate has no UTF-8 form: two such keys would become the same file.
  if (bytes.toString('utf8') !== key) return 'is not valid Unicode';
  if (key.includes('\0')) return 'contains a NUL character';
  for (const segment of key.split('/')) {
    const problem = segmentProblem(segment, platform);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function segmentProblem(segment: string, platform: NodeJS.Platform): string | undefined {
  if (segment === '') return 'starts or ends with "/" or contains "//"';
  if (segment === '.' || segment === '..') return `contains the segment "${segment}"`;
  if (Buffer.byteLength(segment, 'utf8') > MAX_SEGMENT_BYTES) {
    return `has a segment of more than ${MAX_SEGMENT_BYTES} bytes`;
  }
  if (platform === 'win32' && (FORBIDDEN_ON_WINDOWS.test(segment) || RESERVED_ON_WINDOWS.test(segment))) {
    return `has the segment "${segment}", which Windows does not allow as a file name`;
  }
  return undefined;
}

/** Whether this can be a bucket's name, by the rules that all S3 servers share. Such a name is one plain folder name. */
export function isBucketName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(name) && !name.includes('..');
}
