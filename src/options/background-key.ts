/**
 * Why `bg-image` cannot be this key; undefined where it can. Only keys below one prefix can: who may upload must not
 * read the rest of a bucket through results. Nothing is ever fetched from a URL: who may upload must not send this
 * machine to addresses that only it can reach.
 */
export function problemOfBackgroundKey(key: string, prefix: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(key)) return 'no URL is ever fetched; put the picture into the bucket';
  return key.startsWith(prefix) ? undefined : `expected a key that begins with ${prefix}, not "${key}"`;
}
