import sharp, { type Sharp } from 'sharp';
import { openPicture, type Picture } from './decode.js';

/** One channel: 0 = background, 255 = subject; rows from the top. */
export interface Matte {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** The model's matte brought to the size of the picture. */
export async function resizeMatte(matte: Matte, width: number, height: number): Promise<Matte> {
  const data = await openMatte(matte)
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    // Without it sharp makes three channels of one.
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  return { data, width, height };
}

/**
 * The cut-out: the colours of the picture untouched under the matte as straight alpha. Where the picture has an
 * alpha of its own, the two are multiplied: what was transparent stays transparent. Colours that are wholly
 * transparent are cleared: nobody can bring the background back, and the file is about half the size.
 */
export async function composeCutout(picture: Picture, matte: Matte): Promise<Sharp> {
  const alpha = picture.channels === 4 ? await multiply(await alphaOf(picture), matte) : matte;
  const colours = picture.channels === 4 ? await withoutAlpha(picture) : picture;
  const raw = { width: alpha.width, height: alpha.height, channels: 1 } as const;
  const isVisible = await openMatte(alpha).threshold(1).toColourspace('b-w').raw().toBuffer();
  return openPicture(colours).joinChannel(asBuffer(alpha.data), { raw }).boolean(isVisible, 'and', { raw });
}

/** A step of its own: in one pipeline, sharp removes the alpha after it joins channels, so the new one would go. */
async function withoutAlpha(picture: Picture): Promise<Picture> {
  const data = await openPicture(picture).removeAlpha().raw().toBuffer();
  return { data, width: picture.width, height: picture.height, channels: 3 };
}

async function alphaOf(picture: Picture): Promise<Matte> {
  const data = await openPicture(picture).extractChannel(3).toColourspace('b-w').raw().toBuffer();
  return { data, width: picture.width, height: picture.height };
}

async function multiply(one: Matte, other: Matte): Promise<Matte> {
  const { width, height } = one;
  const data = await openMatte(one)
    .composite([{ input: asBuffer(other.data), raw: { width, height, channels: 1 }, blend: 'multiply' }])
    .toColourspace('b-w')
    .extractChannel(0)
    .raw()
    .toBuffer();
  return { data, width, height };
}

function openMatte({ data, width, height }: Matte): Sharp {
  return sharp(data, { raw: { width, height, channels: 1 }, limitInputPixels: false });
}

/** The same bytes as the Buffer that sharp's types ask for. */
function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
