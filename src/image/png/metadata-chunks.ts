import { deflateSync } from 'node:zlib';
import type { Embedded } from '../metadata/embedded.js';
import type { PngChunk } from './write-png.js';

/** Keyword, no compression, no language, no translated keyword (PNG, 11.3.3.4; XMP specification, part 3). */
const XMP_HEAD = Buffer.from('XML:com.adobe.xmp\0\0\0\0\0', 'latin1');
/** Name, and deflate as the method (PNG, 11.3.2.3). */
const PROFILE_HEAD = Buffer.from('ICC profile\0\0', 'latin1');

/** The chunks of a PNG that say what is known of the picture. */
export function metadataChunks({ icc, exif, xmp }: Embedded): PngChunk[] {
  const chunks: PngChunk[] = [];
  if (icc !== undefined) chunks.push({ type: 'iCCP', data: Buffer.concat([PROFILE_HEAD, deflateSync(icc)]) });
  if (exif !== undefined) chunks.push({ type: 'eXIf', data: exif });
  if (xmp !== undefined) chunks.push({ type: 'iTXt', data: Buffer.concat([XMP_HEAD, Buffer.from(xmp)]) });
  return chunks;
}
