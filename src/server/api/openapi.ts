import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { VERSION } from '../../version.js';
import { completeDocument } from './openapi/complete.js';
import { apiRegistry } from './schemas.js';

/** Describes the routes that are registered on `app` from here on, at `/openapi.json`. */
export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  const schemaRegistry = apiRegistry;
  const transform = createJsonSchemaTransform({ schemaRegistry });
  const transformObject = createJsonSchemaTransformObject({ schemaRegistry });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Clearcut',
        version: VERSION,
        description: 'Uploads pictures and hands out links to what was cut out of them.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'uploads', description: 'Pictures in' },
        { name: 'results', description: 'Pictures out' },
        { name: 'operations', description: 'For who runs the service' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description:
              'A token of `CLEARCUT_API_TOKENS`. Each operation names the scopes of which it needs one. Where no tokens are set none is needed, and only programs of the same machine may call.',
          },
        },
      },
    },
    transform(route) {
      const { scopes = [] } = route.route.config ?? {};
      // One of these is enough.
      const security = scopes.map((scope) => ({ token: [scope] }));
      return transform({ ...route, schema: { ...route.schema, security } });
    },
    transformObject: (document) => completeDocument(transformObject(document) as OpenAPIV3_1.Document),
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
