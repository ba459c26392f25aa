/**
 * When a file became what its key names: the later of the times of its content and of its name and attributes. A
 * file that is moved in, or copied with its times, keeps a content time of long ago; only the other one, which
 * programs cannot set, tells that it is newer than what was made from the file that had the name before.
 */
export function lastModifiedOf({ mtimeMs, ctimeMs }: Times): Date {
  return new Date(Math.floor(Math.max(Number(mtimeMs), Number(ctimeMs))));
}

/** Milliseconds since 1970, as Stats and BigIntStats have them. */
interface Times {
  readonly mtimeMs: number | bigint;
  readonly ctimeMs: number | bigint;
}
