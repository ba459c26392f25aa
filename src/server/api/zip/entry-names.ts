import { posix } from 'node:path';
import filenamify from 'filenamify';

/** UTF-16 units of a name without its ending: with one, and a number, it stays within 255 bytes of UTF-8. */
const MAX_LENGTH = 70;

/**
 * Hands out the names of files in an archive: of what was asked for the part behind the last slash, without anything
 * that a file system would refuse or take for a folder, and each name once. Letter case does not count: on some file
 * systems `A.png` and `a.png` are one name.
 */
export class EntryNames {
  readonly #taken = new Set<string>();

  /** `given`: what the client called the file; `ending`: such as `.png`, takes the place of the extension that it has. */
  next(given: string, ending: string): string {
    const base = given.split(/[/\\]/).at(-1) ?? '';
    const stem = filenamify(posix.parse(base).name || 'picture', { replacement: '_', maxLength: MAX_LENGTH });
    for (let number = 1; ; number += 1) {
      const name = `${stem}${number === 1 ? '' : ` (${number})`}${ending}`;
      const folded = name.normalize('NFC').toLowerCase();
      if (this.#taken.has(folded)) continue;
      this.#taken.add(folded);
      return name;
    }
  }
}
