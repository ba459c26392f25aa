import type { z } from 'zod';
import { newBatchId } from '../../../batches/areas.js';
import { fileNameFor } from '../../../batches/file-name.js';
import { announcedLayer, type Manifest } from '../../../batches/manifest.js';
import type { Mistake } from '../../problem.js';
import type { ApiContext } from '../context.js';
import { inTurns } from '../in-turns.js';
import { InvalidRequest } from '../problems.js';
import type { ApiScopeInstance } from '../register.js';
import { problemResponses, uploadLinksSchema, uploadsSchema } from '../schemas.js';
import type { ApiServices } from '../services.js';

type Announced = z.output<typeof uploadsSchema>['files'][number];

/** `POST /uploads`: announces files, and answers with a link for the upload of each. */
export function registerUploads(api: ApiScopeInstance, { context, manifests }: ApiServices): void {
  api.post('/uploads', {
    config: { scopes: ['upload'] },
    schema: {
      operationId: 'createUploads',
      tags: ['uploads'],
      summary: 'Links for uploads',
      description:
        'Send each file to its link with PUT and the headers that are named. GET the Location to see what becomes of them.',
      body: uploadsSchema,
      response: { 201: uploadLinksSchema, ...problemResponses(400, 401, 403, 413, 415, 429, 503) },
    },
    handler: async ({ body }, reply) => {
      const manifest = manifestFor(body.files, context);
      const mistakes = body.files.flatMap((file, at) => mistakesIn(file, manifest.files[at], at, context));
      if (mistakes.length > 0)
        throw new InvalidRequest('REQUEST_INVALID', 'Some of the files cannot be taken.', mistakes);
      // Before any link is known to anybody: what is uploaded with one is always found to have its options.
      await manifests.write(manifest);
      const expiresIn = body.expiresIn ?? context.linkExpiresIn;
      const files = await inTurns(manifest.files, async ({ key, name }, at) => ({
        name,
        key,
        upload: await uploadLink(key, body.files[at]?.type, expiresIn, context),
      }));
      return reply
        .code(201)
        .header('location', `/v1/batches/${manifest.id}`)
        .send({ batch: manifest.id, files });
    },
  });
}

function manifestFor(files: readonly Announced[], { areas }: ApiContext): Manifest {
  const id = newBatchId();
  return {
    id,
    createdAt: new Date().toISOString(),
    files: files.map(({ name, options }, at) => ({
      key: `${areas.batchFolder(id)}${fileNameFor(name, at)}`,
      name,
      ...(options !== undefined && { options: textsOf(options) }),
    })),
  };
}

function mistakesIn(
  { size }: Announced,
  planned: Manifest['files'][number] | undefined,
  at: number,
  { inputBucket, accepts, maxBytes, optionProblems }: ApiContext,
): Mistake[] {
  if (planned === undefined) return [];
  const mistakes: Mistake[] = [];
  const mistake = (part: string, message: string) =>
    mistakes.push({ path: `body/files/${at}/${part}`, message });
  if (!accepts(inputBucket, planned.key))
    mistake('name', 'the service is set to leave files of such names alone');
  if (size !== undefined && size > maxBytes) mistake('size', `more than ${maxBytes} bytes are not taken`);
  for (const problem of optionProblems(planned.key, announcedLayer(planned.options ?? {})))
    mistake('options', problem);
  return mistakes;
}

async function uploadLink(
  key: string,
  contentType: string | undefined,
  expiresIn: number,
  { store, inputBucket, maxBytes, limitsUploads }: ApiContext,
) {
  const { url, headers, expiresAt } = await store.presignPut(inputBucket, key, {
    expiresIn,
    ...(contentType !== undefined && { contentType }),
    ...(limitsUploads && { maxBytes }),
  });
  return { method: 'PUT' as const, url, headers: { ...headers }, expiresAt: expiresAt.toISOString() };
}

function textsOf(options: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
}
