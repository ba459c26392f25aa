import { z } from 'zod';

/**
 * The two JSON documents that say what became of one object version. Each object key has at most one of them at
 * rest: a result record beside its pictures, or a dead letter.
 */

const sourceSchema = z.object({
  bucket: z.string(),
  key: z.string(),
  etag: z.string(),
  /** Bytes. */
  size: z.number(),
});

const millisecondsSchema = z.record(z.string(), z.number());

const pictureSchema = z.object({
  bucket: z.string(),
  key: z.string(),
  etag: z.string(),
  contentType: z.string(),
  /** Bytes. */
  size: z.number(),
  /** Pixels. */
  width: z.number(),
  height: z.number(),
});

/** As it was issued with the record; `clearcut link` issues new ones. */
const linkSchema = z.object({ url: z.string(), expiresAt: z.iso.datetime() });

/** Pixels. */
const boxSchema = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

export const resultRecordSchema = z.object({
  status: z.literal('done'),
  source: sourceSchema.extend({
    format: z.string(),
    /** Pixels, after the EXIF turn. */
    width: z.number(),
    height: z.number(),
  }),
  /** The cut-out, or the mask where only that was asked for. */
  output: pictureSchema.extend({ kind: z.enum(['cutout', 'mask']) }),
  /** A link to `output`. */
  link: linkSchema,
  /** The mask beside the cut-out, where both were asked for. */
  mask: pictureSchema.extend({ link: linkSchema }).optional(),
  /** Where the subject is in the output, in pixels; absent where there is none. */
  subject: boxSchema.optional(),
  /** The options that differ from the defaults, wherever they were given. */
  options: z.record(z.string(), z.string()),
  /** Whether the picture shows a subject, as its matte says. */
  verdict: z.object({
    subject: z.boolean(),
    /** How much speaks for a subject, 0..1; one is taken to be there from 0.5 on. */
    confidence: z.number(),
    /** How much of the picture is subject, 0..1. */
    share: z.number(),
    /** Around the subject, in pixels of the source; absent where there is none. */
    box: boxSchema.optional(),
  }),
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
