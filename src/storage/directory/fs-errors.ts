import { ClearcutError, type ErrorSubject, systemCodeOf } from '../../errors.js';

/** What the operating system may refuse, in words without paths: these messages reach clients of the HTTP server. */
const REFUSALS: Readonly<Record<string, { readonly message: string; readonly remedy: string }>> = {
  ENOSPC: refusal('The disk that holds the store is full.', 'Free space on that disk.'),
  EDQUOT: refusal('The disk quota of the store is used up.', 'Free space, or raise the quota.'),
  EROFS: refusal('The file system of the store is read-only.', 'Mount it for writing.'),
  EACCES: permission(),
  EPERM: permission(),
  EMFILE: tooManyFiles(),
  ENFILE: tooManyFiles(),
  EXDEV: refusal(
    'The bucket lies on another file system than the rest of the store, so writes cannot be atomic.',
    "Keep the store's whole folder on one file system (one volume, not one for each bucket).",
  ),
  // What link(2) answers on FAT, exFAT and some network file systems.
  'link EPERM': noHardLinks(),
  'link ENOTSUP': noHardLinks(),
  'link EOPNOTSUPP': noHardLinks(),
  'link ENOSYS': noHardLinks(),
};

/** Runs file-system calls; what they throw becomes a ClearcutError (STORE_UNAVAILABLE) where it is a system error. */
export async function guard<Result>(subject: ErrorSubject, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (thrown) {
    throw toStoreError(thrown, subject);
  }
}

/** A system error as STORE_UNAVAILABLE; anything else as it is. */
export function toStoreError(thrown: unknown, subject: ErrorSubject): unknown {
  const code = systemCodeOf(thrown);
  // Only errors of system calls carry `syscall`: an abort or a mistake of ours has none.
  if (thrown instanceof ClearcutError || code === undefined || !isSystemError(thrown)) return thrown;
  const { bucket, key } = subject;
  const known = REFUSALS[`${thrown.syscall} ${code}`] ?? REFUSALS[code];
  const message = known?.message ?? `The operating system refused an operation on the store (${code}).`;
  return new ClearcutError('STORE_UNAVAILABLE', message, {
    bucket,
    key,
    cause: thrown,
    ...(known !== undefined && { remedy: known.remedy }),
  });
}

/** Whether something that was thrown says that there is nothing at the path (or only a symbolic link). */
export function isMissing(thrown: unknown): boolean {
  const code = systemCodeOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

/** The result, or undefined where there is nothing at the path. */
export async function unlessMissing<Result>(pending: Promise<Result>): Promise<Result | undefined> {
  try {
    return await pending;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function isSystemError(thrown: unknown): thrown is Error & { readonly syscall: unknown } {
  return thrown instanceof Error && 'syscall' in thrown;
}

function refusal(message: string, remedy: string) {
  return { message, remedy };
}

function permission() {
  return refusal(
    "The store's folder may not be read or written.",
    'Give the user that runs Clearcut read and write permission on the whole folder.',
  );
}

function tooManyFiles() {
  return refusal('Too many files are open.', 'Raise the limit of open files (ulimit -n).');
}

function noHardLinks() {
  return refusal(
    'The file system of the store has no hard links, which atomic writes need.',
    'Keep the store on a file system with hard links, such as ext4, XFS, APFS or NTFS.',
  );
}
