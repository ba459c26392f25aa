/** User metadata that every output carries: the ETag of the version of the input that it was made from. */
export const SOURCE_ETAG = 'clearcut-source-etag';
