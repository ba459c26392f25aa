/** If-None-Match by RFC 9110, 13.1.2: weak comparison with any tag of the list. `etag`: in its quotes. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(etag);
}
