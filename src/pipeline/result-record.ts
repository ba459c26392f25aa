import { z } from 'zod';

/**
 * The two JSON documents that say what became of one object version. Each object key has at most one of them at
 * rest: a result record beside its cut-out, or a dead letter.
 */

const sourceSchema = z.object({
  bucket: z.string(),
  key: z.string(),
  etag: z.string(),
  /** Bytes. */
  size: z.number(),
});

const millisecondsSchema = z.record(z.string(), z.number());

export const resultRecordSchema = z.object({
  status: z.literal('done'),
  source: sourceSchema.extend({
    format: z.string(),
    /** Pixels, after the EXIF turn. */
    width: z.number(),
    height: z.number(),
  }),
  output: z.object({
    bucket: z.string(),
    key: z.string(),
    etag: z.string(),
    contentType: z.string(),
    /** Bytes. */
    size: z.number(),
    /** Pixels. */
    width: z.number(),
    height: z.number(),
  }),
  /** A link to the cut-out as it was issued with the record; `clearcut link` issues new ones. */
  link: z.object({ url: z.string(), expiresAt: z.iso.datetime() }),
  matte: z.object({
    /** Mean alpha, 0..1: how much of the picture the subject fills. */
    coverage: z.number(),
  }),
  model: z.object({ id: z.string(), variant: z.string(), side: z.number(), device: z.string() }),
  attempts: z.number(),
  /** Milliseconds by stage. */
  timings: millisecondsSchema,
  finishedAt: z.iso.datetime(),
});

export const deadLetterSchema = z.object({
  status: z.literal('dead'),
  source: sourceSchema,
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
  attempts: z.number(),
  finishedAt: z.iso.datetime(),
});

export type ResultRecord = z.infer<typeof resultRecordSchema>;
export type DeadLetter = z.infer<typeof deadLetterSchema>;
