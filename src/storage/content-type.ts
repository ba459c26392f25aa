/** What is assumed of an object that nobody gave a content type: files put into a folder by hand have none. */

const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  jxl: 'image/jxl',
  png: 'image/png',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  webp: 'image/webp',
};

/** The content type by the extension of the key; `application/octet-stream` where it tells nothing. */
export function contentTypeOf(key: string): string {
  const extension = /\.([^./]+)$/.exec(key)?.[1]?.toLowerCase() ?? '';
  return (Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined) ?? 'application/octet-stream';
}

/** Undefined where the content type (without parameters, in lower case) is none of a picture that we know. */
export function extensionOf(contentType: string): string | undefined {
  if (contentType === TYPES['jpg']) return 'jpg';
  return Object.keys(TYPES).find((extension) => TYPES[extension] === contentType && extension !== 'json');
}
