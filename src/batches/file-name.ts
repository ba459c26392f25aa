/** Characters of a name that a key keeps; the whole name is in the manifest. */
const MAX_LENGTH = 100;
const MAX_EXTENSION = 12;

/**
 * The name of a file as the last segment of its key: whatever it was, something that every store, file system and URL
 * carries as it is. `at`: its place in the batch, from 0, which keeps equal names apart.
 */
export function fileNameFor(name: string, at: number): string {
  const plain = name
    // The marks of letters become characters of their own, and go.
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '');
  const [, stem = '', extension = ''] = /^(.*?)(\.[A-Za-z0-9]+)?$/s.exec(plain) ?? [];
  const kept = extension.length > MAX_EXTENSION ? '' : extension;
  const short = (kept === '' ? plain : stem).slice(0, MAX_LENGTH - kept.length).replace(/[.-]+$/, '');
  return `${String(at + 1).padStart(4, '0')}-${short === '' ? 'file' : short}${kept}`;
}
