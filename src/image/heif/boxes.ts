import type { Cicp } from '../color/cicp.js';

/** Bytes of a box before its content: length and type (ISO/IEC 14496-12, 4.2). */
const HEAD_BYTES = 8;
/** Of a full box: version and flags follow. */
const FULL_HEAD_BYTES = 12;

/** Whether it may be HEIC or AVIF at all (a box `ftyp` comes first): spares the others a closer look. */
export function isMediaContainer(file: Uint8Array): boolean {
  return textAt(file, 4) === 'ftyp';
}

/** Whether the pictures are AV1: the brand of an AVIF may be that of HEIF in general, or of its animation. */
export function isAvif(file: Uint8Array): boolean {
  return propertiesOf(file).some((box) => textAt(box, 4) === 'av1C');
}

/** An AVIF by the one brand by which libvips knows it for sure; other files as they are. */
export function withKnownBrand(file: Uint8Array): Uint8Array {
  if (textAt(file, 8) === 'avif' || !isAvif(file)) return file;
  const copy = new Uint8Array(file);
  copy.set(Buffer.from('avif', 'latin1'), 8);
  return copy;
}

/**
 * The colours that the picture of a HEIF file says it is in by code points (ISO/IEC 23008-12, 6.5.5; the first box
 * counts); undefined where it does not, or the boxes are damaged.
 */
export function cicpOf(file: Uint8Array): Cicp | undefined {
  const colours = propertiesOf(file).find((box) => textAt(box, 4) === 'colr' && textAt(box, 8) === 'nclx');
  if (colours === undefined || colours.length < 16) return undefined;
  const view = new DataView(colours.buffer, colours.byteOffset, colours.length);
  return { primaries: view.getUint16(12), transfer: view.getUint16(14) };
}

/** What is said of the pictures in a file (ISO/IEC 23008-12, 9.3): boxes, none where those around them are damaged. */
function propertiesOf(file: Uint8Array): Uint8Array[] {
  let content = file;
  for (const [type, head] of [
    ['meta', FULL_HEAD_BYTES],
    ['iprp', HEAD_BYTES],
    ['ipco', HEAD_BYTES],
  ] as const) {
    const box = boxesIn(content).find((candidate) => textAt(candidate, 4) === type);
    if (box === undefined) return [];
    content = box.subarray(head);
  }
  return boxesIn(content);
}

/** Boxes that follow each other, as far as they are whole. */
function boxesIn(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const boxes: Uint8Array[] = [];
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const length = view.getUint32(at);
    // 0 and 1 stand for boxes of data, to the end of the file or above 4 GiB: they come last.
    if (length < HEAD_BYTES || at + length > bytes.length) break;
    boxes.push(bytes.subarray(at, at + length));
    at += length;
  }
  return boxes;
}

function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
}
