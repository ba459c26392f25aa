import { z } from 'zod';
import { BATCH_ID } from '../../batches/areas.js';
import { FILE_STATES } from './file-state.js';

/** What requests and answers of the HTTP API look like. The OpenAPI document is made from these. */

/** Those with an id become named schemas of the OpenAPI document. */
export const apiRegistry = z.registry<{ id?: string; description?: string }>();

/** A schema that has a name of its own in the OpenAPI document. */
export function named<Schema extends z.ZodType>(id: string, description: string, schema: Schema): Schema {
  apiRegistry.add(schema, { id, description });
  return schema;
}

export function described<Schema extends z.ZodType>(description: string, schema: Schema): Schema {
  apiRegistry.add(schema, { description });
  return schema;
}

/** The longest that links work, in seconds: seven days, as S3 has it. */
const MAX_LINK_SECONDS = 604_800;
/** The longest that a call waits for news, in seconds. */
const MAX_WAIT_SECONDS = 60;
const MAX_KEY_BYTES = 1_024;
/** The most files of one batch. */
const MAX_FILES = 1_000;

/** More than there are, so that an answer cannot become a list of a hundred thousand mistakes. */
const MAX_OPTIONS = 64;

const dateTime = () => z.iso.datetime();
const pixels = () => z.number().int().nonnegative();

export const keySchema = z
  .string()
  .min(1)
  .refine((key) => Buffer.byteLength(key) <= MAX_KEY_BYTES, `is longer than ${MAX_KEY_BYTES} bytes`)
  .refine((key) => Buffer.from(key).toString() === key && !key.includes('\0'), 'is not valid Unicode');

export const batchIdSchema = z.string().regex(BATCH_ID, 'is no id of a batch');

const expiresInSchema = described('Seconds that links work.', z.number().int().min(1).max(MAX_LINK_SECONDS));

const linkFields = { url: z.string(), expiresAt: dateTime() };

const boxSchema = named(
  'Box',
  'A part of a picture, in pixels.',
  z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }),
);

const pictureFields = {
  ...linkFields,
  contentType: z.string(),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  width: pixels(),
  height: pixels(),
};

export const linkSchema = named('Link', 'A link that anyone may use until it expires.', z.object(linkFields));

export const fileSchema = named(
  'File',
  'An upload and what became of it.',
  z.object({
    key: z.string(),
    name: z.string(),
    state: z.enum(FILE_STATES),
    size: z.number().int().nonnegative().optional(),
    uploadedAt: dateTime().optional(),
    result: z
      .object({
        ...pictureFields,
        kind: z.enum(['cutout', 'mask']),
        /** Where the subject is in the result. */
        box: boxSchema.optional(),
        verdict: z.object({
          subject: z.boolean(),
          confidence: z.number(),
          share: z.number(),
          box: boxSchema.optional(),
        }),
      })
      .optional(),
    mask: z.object(pictureFields).optional(),
    source: linkSchema.optional(),
    error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).optional(),
  }),
);

/** Opaque; another one means that something changed. */
const versionSchema = z.string().max(64);

export const objectSchema = named(
  'Object',
  'A file, with the version to wait for changes from.',
  fileSchema.extend({ version: versionSchema }),
);

const countsSchema = z.object({
  total: z.number().int(),
  waiting: z.number().int(),
  pending: z.number().int(),
  processing: z.number().int(),
  done: z.number().int(),
  failed: z.number().int(),
});

const batchSummarySchema = z.object({
  id: z.string(),
  createdAt: dateTime(),
  /** waiting: nothing was uploaded yet; finished: every file is done or has failed. */
  state: z.enum(['waiting', 'working', 'finished']),
  counts: countsSchema,
  version: versionSchema,
});

export const batchSchema = named(
  'Batch',
  'Uploads that were announced together.',
  batchSummarySchema.extend({ files: z.array(fileSchema) }),
);

/** Query parameters of calls that may wait for news. */
export const waitSchema = {
  wait: described(
    'Seconds to wait for a change.',
    z.coerce.number().int().min(0).max(MAX_WAIT_SECONDS).default(0),
  ),
  since: described('The version that the change is to be from.', versionSchema.optional()),
};

export const uploadsSchema = named(
  'Uploads',
  'Files to be uploaded.',
  z.strictObject({
    files: z
      .array(
        z.strictObject({
          /** As the uploader calls it; need not be unique. */
          name: z.string().min(1).max(1_024),
          /** Bytes. */
          size: z.number().int().nonnegative().optional(),
          /** Content type that the upload will have. */
          type: z
            .string()
            .max(128)
            .regex(/^[\w.+-]+\/[\w.+-]+$/, 'is no content type')
            .optional(),
          /** By the names of docs/options.md. */
          options: z
            .record(z.string().max(64), z.union([z.string().max(MAX_KEY_BYTES), z.number(), z.boolean()]))
            .refine((options) => Object.keys(options).length <= MAX_OPTIONS, 'has too many options')
            .optional(),
        }),
      )
      .min(1)
      .max(MAX_FILES),
    expiresIn: expiresInSchema.optional(),
  }),
);

export const uploadLinksSchema = named(
  'UploadLinks',
  'Where each file is to be uploaded.',
  z.object({
    batch: z.string(),
    files: z.array(
      z.object({
        name: z.string(),
        key: z.string(),
        upload: z.object({
          method: z.literal('PUT'),
          /** To be sent with the upload. */
          headers: z.record(z.string(), z.string()),
          ...linkFields,
        }),
      }),
    ),
  }),
);

export const linkRequestSchema = named(
  'LinkRequest',
  'A wish for a link.',
  z.strictObject({
    key: keySchema,
    kind: z.enum(['result', 'mask', 'source']).default('result'),
    expiresIn: expiresInSchema.optional(),
  }),
);

const problemSchema = named(
  'Problem',
  'What went wrong (RFC 9457).',
  z.object({
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    remedy: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
);

/** Problems that a route may answer with, for its `response` schemas. */
export function problemResponses<const Status extends number>(...statuses: readonly Status[]) {
  const response = {
    description: 'What went wrong.',
    content: { 'application/problem+json': { schema: problemSchema } },
  };
  return Object.fromEntries(statuses.map((status) => [status, response])) as Record<Status, typeof response>;
}

/** Answers of a route that sends events. */
export const eventStreamResponses = {
  200: { description: 'The events.', content: { 'text/event-stream': { schema: z.string() } } },
  204: described('The client has seen the end already.', z.null()),
};

export type File = z.output<typeof fileSchema>;
export type Batch = z.output<typeof batchSchema>;
export type BatchSummary = z.output<typeof batchSummarySchema>;
