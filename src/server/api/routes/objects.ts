import { z } from 'zod';
import type { ApiContext } from '../context.js';
import { describeFile } from '../describe-file.js';
import type { LinkIssuer } from '../links.js';
import { nameOf, readObject } from '../read-object.js';
import type { ApiScopeInstance } from '../register.js';
import { fileSchema, keySchema, problemResponses } from '../schemas.js';

/** `GET /objects?key=`: what became of one upload. The key is a parameter, because keys hold slashes. */
export function registerObjects(api: ApiScopeInstance, context: ApiContext, links: LinkIssuer): void {
  api.get('/objects', {
    config: { scopes: ['read', 'upload'] },
    schema: {
      operationId: 'getObject',
      tags: ['results'],
      summary: 'What became of one upload',
      querystring: z.object({ key: keySchema }),
      response: { 200: fileSchema, ...problemResponses(400, 401, 403, 404, 429, 503) },
    },
    handler: async ({ query: { key } }) => {
      const status = await readObject(context, key);
      return describeFile({ key, name: nameOf(key) }, status, context.inputBucket, links);
    },
  });
}
