import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';

/**
 * The entries of one folder, read bit by bit. A folder that vanished, or that we may not read, has none: the sweep
 * reads the same folders and reports what it meets. Other errors are thrown.
 */
export async function* entriesOf(folder: string): AsyncGenerator<Dirent, void, undefined> {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (!isPassedOver(error)) throw error;
  }
}

const PASSED_OVER = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/** Whether the error says only that this folder is gone or closed to us. */
export function isPassedOver(error: unknown): boolean {
  return PASSED_OVER.has(systemCodeOf(error) ?? '');
}
