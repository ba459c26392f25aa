import { z } from 'zod';
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

const MAX_KEY_BYTES = 1_024;

const dateTime = () => z.iso.datetime();
const pixels = () => z.number().int().nonnegative();

export const keySchema = z
  .string()
  .min(1)
  .refine((key) => Buffer.byteLength(key) <= MAX_KEY_BYTES, `is longer than ${MAX_KEY_BYTES} bytes`)
  .refine((key) => Buffer.from(key).toString() === key && !key.includes('\0'), 'is not valid Unicode');

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

const linkSchema = named('Link', 'A link that anyone may use until it expires.', z.object(linkFields));

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

export type File = z.output<typeof fileSchema>;
