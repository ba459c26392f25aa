// Which of the files that somebody drops are worth sending. The service looks at the bytes and has the last word;
// this only spares the upload of what can never be a picture. Pure.

/** For the file picker; HEIC and TIFF have no type in some browsers, so their names are there too. */
export const ACCEPT =
  'image/jpeg,image/png,image/webp,image/avif,image/heic,image/heif,image/tiff,image/gif,.heic,.heif,.tif,.tiff';

const EXTENSIONS = new Set([
  'jpg',
  'jpeg',
  'jfif',
  'png',
  'webp',
  'avif',
  'heic',
  'heif',
  'tif',
  'tiff',
  'gif',
]);

/** Files that systems put beside pictures: nobody means to upload them. */
const HIDDEN = /^\.|^(thumbs\.db|desktop\.ini)$/i;

/**
 * @template {{ name: string, type: string, size: number }} F
 * @param {readonly F[]} files
 * @returns {{ pictures: F[], refused: Array<{ name: string, reason: string }> }}
 */
export function sortFiles(files) {
  const pictures = [];
  const refused = [];
  for (const file of files) {
    if (HIDDEN.test(file.name)) continue;
    const reason = reasonAgainst(file);
    if (reason === undefined) pictures.push(file);
    else refused.push({ name: file.name, reason });
  }
  return { pictures, refused };
}

/** @param {{ name: string, type: string, size: number }} file */
function reasonAgainst({ name, type, size }) {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (extension === 'svg' || type === 'image/svg+xml') return 'SVG drawings are not taken';
  if (!type.startsWith('image/') && !EXTENSIONS.has(extension)) return 'not a picture';
  return size === 0 ? 'the file is empty' : undefined;
}

/**
 * Pictures that are pasted have no names of their own: browsers call each one `image.png`.
 * @param {string} name
 * @param {number} at counts from 1
 */
export function pastedName(name, at) {
  return name.replace(/^image(?=\.\w+$)/, `pasted-${at}`);
}

/** @type {Readonly<Record<string, string>>} */
const ENDINGS = { 'image/png': 'png', 'image/webp': 'webp', 'image/avif': 'avif', 'image/jpeg': 'jpg' };

/**
 * What a picture is called when it is saved: as the upload, with the ending of what it is now.
 * @param {string} name of the upload
 * @param {{ contentType?: string }} picture
 * @param {string} [addition] such as ` mask`
 */
export function savedName(name, { contentType = '' }, addition = '') {
  const stem = name.replace(/(?<=.)\.[^./\\]*$/, '');
  const ending = ENDINGS[contentType];
  return ending === undefined ? `${stem}${addition}` : `${stem}${addition}.${ending}`;
}

/**
 * Parts of at most `size`, in their order.
 * @template T
 * @param {readonly T[]} all
 * @param {number} size
 */
export function partsOf(all, size) {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}
