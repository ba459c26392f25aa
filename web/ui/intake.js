// The four ways in: the file picker, drag and drop (folders too), and paste.
import { byId } from './dom.js';
import { ACCEPT, pastedName } from './picture-files.js';

let pasted = 0;

/** @param {(files: File[]) => void} take */
export function openIntake(take) {
  const picker = byId('picker', HTMLInputElement);
  picker.accept = ACCEPT;
  byId('choose', HTMLButtonElement).addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    take([...(picker.files ?? [])]);
    // The same file may be chosen again.
    picker.value = '';
  });

  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files.map(named));
  });

  openDrop(take);
}

/** @param {File} file */
function named(file) {
  const name = pastedName(file.name, pasted + 1);
  if (name === file.name) return file;
  pasted += 1;
  return new File([file], name, { type: file.type });
}

/** The whole page takes drops: a picture dropped beside the field must not replace the page. */
function openDrop(/** @type {(files: File[]) => void} */ take) {
  const field = byId('drop', HTMLElement);
  /** Every element that is entered or left tells of it; only the first and the last count. */
  let depth = 0;
  const mark = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    field.classList.toggle('is-over', depth > 0);
  };
  document.addEventListener('dragenter', (event) => hasFiles(event) && mark(1));
  document.addEventListener('dragleave', (event) => hasFiles(event) && mark(-1));
  document.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener('drop', async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    take(await filesOf(event.dataTransfer));
  });
}

/** @param {DragEvent} event */
function hasFiles({ dataTransfer }) {
  return dataTransfer?.types.includes('Files') === true;
}

/**
 * The files of a drop, those inside of folders too.
 * @param {DataTransfer | null} transfer
 */
async function filesOf(transfer) {
  // Before anything is awaited: the list is empty afterwards.
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === 'file');
  const found = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const lists = await Promise.all(
    found.map(({ entry, file }) => (entry?.isDirectory ? filesBelow(entry) : file === null ? [] : [file])),
  );
  return lists.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>} in the order of their names; what cannot be read is left out
 */
async function filesBelow(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return new Promise((resolve) =>
      file.file(
        (one) => resolve([one]),
        () => resolve([]),
      ),
    );
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    // A hundred at a time, until there are none left.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) break;
    entries.push(...some);
  }
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  return (await Promise.all(entries.map(filesBelow))).flat();
}
