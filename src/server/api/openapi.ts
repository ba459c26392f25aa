import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { VERSION } from '../../version.js';
import { apiRegistry } from './schemas.js';

/** Describes the routes that are registered on `app` from here on, at `/openapi.json`. */
export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  const schemaRegistry = apiRegistry;
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
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
