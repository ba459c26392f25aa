/** A download with this file name, after RFC 6266: in ASCII for old clients, and exactly (RFC 8187) for all others. */
export function contentDispositionOf(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodeRfc3986(Buffer.from(name).toString())}`;
}

/** encodeURIComponent leaves five characters that have a meaning elsewhere: in headers, Markdown, shells. */
export function encodeRfc3986(text: string): string {
  const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, percent);
}
