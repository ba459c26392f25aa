import { z } from 'zod';
import { describeObject } from '../describe.js';
import type { ApiScopeInstance } from '../register.js';
import { eventStreamResponses, keySchema, objectSchema, problemResponses, waitSchema } from '../schemas.js';
import { goneSignal, sendEvents } from '../send-events.js';
import type { ApiServices } from '../services.js';
import { waitForChange } from '../wait.js';

/**
 * `GET /objects?key=`, which may wait for a change, and `GET /objects/events?key=`. The key is a parameter, because keys
 * hold slashes.
 */
export function registerObjects(api: ApiScopeInstance, services: ApiServices): void {
  const config = { scopes: ['read', 'upload'] as const };

  api.get('/objects', {
    config,
    schema: {
      operationId: 'getObject',
      tags: ['results'],
      summary: 'What became of one upload',
      querystring: z.object({ key: keySchema, ...waitSchema }),
      response: { 200: objectSchema, ...problemResponses(400, 401, 403, 404, 429, 503) },
    },
    handler: async ({ query: { key, ...query } }, reply) => {
      const subject = services.subjectOfObject(key);
      const snapshot = await waitForChange(subject, query, services.watchers, goneSignal(reply));
      return describeObject(snapshot, services);
    },
  });

  api.get('/objects/events', {
    config,
    schema: {
      operationId: 'streamObject',
      tags: ['results'],
      summary: 'What happens to one upload, as server-sent events',
      description: 'Events: `file` (a File) when it changed, `end` when it is done or has failed.',
      querystring: z.object({ key: keySchema }),
      response: { ...eventStreamResponses, ...problemResponses(400, 401, 403, 404, 429, 503) },
    },
    handler: async (request, reply) =>
      sendEvents(request, reply, services.subjectOfObject(request.query.key), services, undefined),
  });
}
