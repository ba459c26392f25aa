import sharp, { type Sharp } from 'sharp';

/** How results are written. */
export interface OutputOptions {
  readonly format: 'png' | 'webp';
  /** Quality of the colours of WebP, 1 to 100; its alpha is lossless. */
  readonly webpQuality: number;
  /** Longest side of the result in pixels; 0 keeps the size. */
  readonly maxSide: number;
}

export interface EncodedPicture {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const CONTENT_TYPES = { png: 'image/png', webp: 'image/webp' } as const;

/** Encodes a cut-out; metadata of the input is left out, colours are sRGB. */
export async function encode(cutout: Sharp, options: OutputOptions): Promise<EncodedPicture> {
  const sized = options.maxSide === 0 ? cutout : await shrink(cutout, options.maxSide);
  const { data, info } = await withFormat(sized, options).toBuffer({ resolveWithObject: true });
  return { bytes: data, contentType: CONTENT_TYPES[options.format], width: info.width, height: info.height };
}

function withFormat(picture: Sharp, { format, webpQuality }: OutputOptions): Sharp {
  if (format === 'webp') return picture.webp({ quality: webpQuality, alphaQuality: 100, effort: 2 });
  // Measured on 24-megapixel cut-outs: 215 ms and 13 MB; adaptive filters 643 ms and 6 MB; zlib's usual level 6
  // 295 ms and 11 MB. Whoever wants small files takes WebP: under 1 MB.
  return picture.png({ compressionLevel: 2, adaptiveFiltering: false });
}

/** sharp joins channels after it resizes, so the four channels are laid down first and resized as one picture. */
async function shrink(cutout: Sharp, maxSide: number): Promise<Sharp> {
  const { data, info } = await cutout.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false }).resize(
    maxSide,
    maxSide,
    {
      fit: 'inside',
      withoutEnlargement: true,
    },
  );
}
