import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { contentDispositionOf } from '../../../storage/content-disposition.js';
import type { FileStatus } from '../file-state.js';
import type { ApiScopeInstance } from '../register.js';
import { batchIdSchema, problemResponses } from '../schemas.js';
import type { ApiServices } from '../services.js';
import { type ZippedFile, zipResults } from '../zip/results-zip.js';
import { manifestOf } from './batches.js';

/** `GET /batches/{id}/zip`: all results of a batch at once, written while they are read from the store. */
export function registerZip(api: ApiScopeInstance, services: ApiServices): void {
  const { store } = services.context;

  api.get('/batches/:id/zip', {
    config: { scopes: ['read', 'upload'] },
    schema: {
      operationId: 'zipBatch',
      tags: ['results'],
      summary: 'The results of a batch as a zip archive',
      description:
        'Holds what is done now, each file by the name that it was announced with. Those without a result are listed in `failed.txt`, with the reason.',
      params: z.object({ id: batchIdSchema }),
      response: {
        200: { description: 'The archive.', content: { 'application/zip': { schema: z.file() } } },
        ...problemResponses(400, 401, 403, 404, 429, 503),
      },
    },
    handler: async ({ params: { id } }, reply) => {
      const manifest = await manifestOf(id, services);
      const { files, statuses } = await services.readBatch(manifest);
      const zipped = files.map(({ name }, at) => zippedFile(name, statuses[at]));
      return sendArchive(reply, `clearcut-${id}.zip`, zipResults(zipped, store));
    },
  });
}

function sendArchive(reply: FastifyReply, name: string, archive: Readable): FastifyReply {
  return reply
    .header('content-type', 'application/zip')
    .header('content-disposition', contentDispositionOf(name))
    .send(archive);
}

function zippedFile(name: string, status: FileStatus | undefined): ZippedFile {
  const { state = 'waiting', outcome } = status ?? {};
  if (outcome?.kind === 'dead-letter') {
    const { message, remedy } = outcome.deadLetter.error;
    return { name, missing: `${message} ${remedy}` };
  }
  if (outcome?.kind !== 'result')
    return { name, missing: state === 'waiting' ? 'It was not uploaded.' : 'It is not done yet.' };
  const { output, mask } = outcome.record;
  const pictures = [{ bucket: output.bucket, key: output.key, ending: posix.extname(output.key) }];
  if (mask !== undefined)
    pictures.push({ bucket: mask.bucket, key: mask.key, ending: `.mask${posix.extname(mask.key)}` });
  return { name, pictures };
}
