import { z } from 'zod';
import { listDeadLetters, redriveAll, redriveKeys } from '../../../pipeline/dead-letters.js';
import type { ApiScopeInstance } from '../register.js';
import { described, keySchema, named, problemResponses } from '../schemas.js';
import type { ApiServices } from '../services.js';

const deadLettersSchema = named(
  'DeadLetters',
  'A page of dead letters.',
  z.object({
    items: z.array(
      z.object({
        key: z.string(),
        /** Of the version that failed. */
        etag: z.string(),
        error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
        attempts: z.number().int(),
        finishedAt: z.iso.datetime(),
      }),
    ),
    /** The `cursor` of the next page; absent on the last one. */
    next: z.string().optional(),
  }),
);

/** Keys that one call may name. */
const MAX_KEYS = 1_000;

const redriveSchema = named(
  'Redrive',
  'Which dead letters: of these inputs, or all.',
  z.union([
    z.strictObject({ keys: z.array(keySchema).min(1).max(MAX_KEYS) }),
    z.strictObject({ all: z.literal(true) }),
  ]),
);

const redrivenSchema = named(
  'Redriven',
  'What became of dead letters.',
  z.object({
    /** Objects that are tried again. */
    redriven: z.number().int(),
    /** Dead letters that were removed, and whose object does not exist any more. */
    gone: z.number().int(),
    /** Keys that were named, and have no dead letter. */
    notDead: z.array(z.string()),
  }),
);

const PAGE = { initial: 100, max: 500 };

/** `GET /dead-letters` tells of what cannot be done; `POST /dead-letters/redrive` gives it another chance. */
export function registerDeadLetters(api: ApiScopeInstance, { context, touch }: ApiServices): void {
  const { deadLetters, nudge } = context;

  api.get('/dead-letters', {
    config: { scopes: ['admin'] },
    schema: {
      operationId: 'listDeadLetters',
      tags: ['operations'],
      summary: 'What cannot be done, and why',
      querystring: z.object({
        limit: described(
          'The most of them.',
          z.coerce.number().int().min(1).max(PAGE.max).default(PAGE.initial),
        ),
        cursor: described('Where the page before ended: its `next`.', z.string().max(2_048).optional()),
      }),
      response: { 200: deadLettersSchema, ...problemResponses(400, 401, 403, 429, 503) },
    },
    handler: async ({ query: { limit, cursor } }) => {
      const { letters, next } = await listDeadLetters(deadLetters, limit, cursor);
      const items = letters.map(({ source: { key, etag }, error, attempts, finishedAt }) => ({
        key,
        etag,
        error,
        attempts,
        finishedAt,
      }));
      return { items, ...(next !== undefined && { next }) };
    },
  });

  api.post('/dead-letters/redrive', {
    config: { scopes: ['admin'] },
    schema: {
      operationId: 'redriveDeadLetters',
      tags: ['operations'],
      summary: 'Let dead objects be tried again',
      body: redriveSchema,
      response: { 200: redrivenSchema, ...problemResponses(400, 401, 403, 413, 415, 429, 503) },
    },
    handler: async ({ body }) => {
      const redriving = 'keys' in body ? redriveKeys(deadLetters, body.keys) : redriveAll(deadLetters);
      let redriven = 0;
      let gone = 0;
      const notDead: string[] = [];
      for await (const { key, status } of redriving) {
        if (status === 'redriven') {
          redriven += 1;
          nudge(key);
          touch(key);
        }
        if (status === 'gone') gone += 1;
        if (status === 'not dead') notDead.push(key);
      }
      return { redriven, gone, notDead };
    },
  });
}
