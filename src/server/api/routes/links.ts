import { ClearcutError } from '../../../errors.js';
import type { ResultRecord } from '../../../pipeline/result-record.js';
import type { FileStatus } from '../file-state.js';
import type { ApiScopeInstance } from '../register.js';
import { linkRequestSchema, linkSchema, problemResponses } from '../schemas.js';
import type { ApiServices } from '../services.js';

/** `POST /links`: a link to a result, a mask or an upload, for as long as is asked for. */
export function registerLinks(api: ApiScopeInstance, services: ApiServices): void {
  const { store, inputBucket, linkExpiresIn } = services.context;

  api.post('/links', {
    config: { scopes: ['read', 'upload'] },
    schema: {
      operationId: 'createLink',
      tags: ['results'],
      summary: 'A link to a result, a mask or an upload',
      body: linkRequestSchema,
      response: { 201: linkSchema, ...problemResponses(400, 401, 403, 404, 413, 415, 429, 503) },
    },
    handler: async ({ body: { key, kind, expiresIn = linkExpiresIn } }, reply) => {
      const { statuses } = await services.readObject(key);
      const target = statuses[0] && targetOf(kind, key, statuses[0], inputBucket);
      if (target === undefined) {
        throw new ClearcutError('OBJECT_NOT_FOUND', `The upload has no ${kind} now.`, {
          remedy: 'See what became of it: GET /v1/objects?key=KEY.',
        });
      }
      const { url, expiresAt } = await store.presignGet(target.bucket, target.key, { expiresIn });
      return reply.code(201).send({ url, expiresAt: expiresAt.toISOString() });
    },
  });
}

interface Target {
  readonly bucket: string;
  readonly key: string;
}

function targetOf(
  kind: 'result' | 'mask' | 'source',
  key: string,
  { input, outcome }: FileStatus,
  inputBucket: string,
): Target | undefined {
  if (kind === 'source') return input && { bucket: inputBucket, key };
  if (outcome?.kind !== 'result') return undefined;
  return kind === 'result' ? outcome.record.output : maskOf(outcome.record);
}

function maskOf({ output, mask }: ResultRecord): Target | undefined {
  return output.kind === 'mask' ? output : mask;
}
