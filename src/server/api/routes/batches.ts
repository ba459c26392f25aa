import { z } from 'zod';
import type { Manifest } from '../../../batches/manifest.js';
import { ClearcutError } from '../../../errors.js';
import { describeBatch, summaryOf } from '../describe.js';
import type { ApiScopeInstance } from '../register.js';
import {
  batchIdSchema,
  batchSchema,
  eventStreamResponses,
  problemResponses,
  waitSchema,
} from '../schemas.js';
import { goneSignal, sendEvents } from '../send-events.js';
import type { ApiServices } from '../services.js';
import { waitForChange } from '../wait.js';

/** `GET /batches/{id}`, which may wait for a change, and `GET /batches/{id}/events`. */
export function registerBatches(api: ApiScopeInstance, services: ApiServices): void {
  const config = { scopes: ['read', 'upload'] as const };
  const params = z.object({ id: batchIdSchema });

  api.get('/batches/:id', {
    config,
    schema: {
      operationId: 'getBatch',
      tags: ['results'],
      summary: 'Where the files of a batch stand',
      params,
      querystring: z.object(waitSchema),
      response: { 200: batchSchema, ...problemResponses(400, 401, 403, 404, 429, 503) },
    },
    handler: async ({ params: { id }, query }, reply) => {
      const manifest = await manifestOf(id, services);
      const subject = services.subjectOfBatch(manifest);
      const snapshot = await waitForChange(subject, query, services.watchers, goneSignal(reply));
      return describeBatch(manifest, snapshot, services);
    },
  });

  api.get('/batches/:id/events', {
    config,
    schema: {
      operationId: 'streamBatch',
      tags: ['results'],
      summary: 'What happens to the files of a batch, as server-sent events',
      description:
        'Events: `file` (a File) for each that changed, at first for all; `batch` (a Batch without its files) after them; `end` when every file is done or has failed. Comments keep the connection alive. `Last-Event-ID` leaves out what was seen.',
      params,
      response: { ...eventStreamResponses, ...problemResponses(400, 401, 403, 404, 429, 503) },
    },
    handler: async (request, reply) => {
      const manifest = await manifestOf(request.params.id, services);
      return sendEvents(request, reply, services.subjectOfBatch(manifest), services, {
        event: 'batch',
        data: (snapshot) => summaryOf(manifest, snapshot),
      });
    },
  });
}

/** Throws BATCH_NOT_FOUND. */
export async function manifestOf(id: string, { manifests }: ApiServices): Promise<Manifest> {
  const manifest = await manifests.read(id);
  if (manifest === undefined) throw new ClearcutError('BATCH_NOT_FOUND', 'There is no such batch.');
  return manifest;
}
