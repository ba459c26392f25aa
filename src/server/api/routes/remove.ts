import type { FastifyReply } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ClearcutError } from '../../../errors.js';
import { createLayer } from '../../../options/layers.js';
import { OPTIONS } from '../../../options/schema.js';
import { metadataProblems, optionMetadata } from '../../../pipeline/object-options.js';
import type { ResultRecord } from '../../../pipeline/result-record.js';
import { tooManyBytes } from '../../../storage/byte-limit.js';
import { encodeRfc3986 } from '../../../storage/content-disposition.js';
import { extensionOf } from '../../../storage/content-type.js';
import { problem, sendProblem } from '../../problem.js';
import { takeBodiesAsStreams, uploadBodyOf } from '../../upload-body.js';
import { FILE_STATES } from '../file-state.js';
import { waitPreferenceOf } from '../prefer.js';
import { InvalidRequest } from '../problems.js';
import type { ApiScopeInstance } from '../register.js';
import { described, named, problemResponses } from '../schemas.js';
import { goneSignal } from '../send-events.js';
import type { ApiServices } from '../services.js';
import { waitForEnd } from '../wait.js';

/** Seconds that a call waits for its result where the client says nothing, and at most: proxies often cut at 60. */
const WAIT = { initial: 30, max: 50 };

/** Seconds after which it is worth while to look for a result that was not there in time. */
const RETRY_AFTER = 2;

/** What is no picture by what the client says of it; of all else the bytes decide. */
const NO_PICTURE = /^(application\/([\w.+-]+\+)?json|multipart\/.*|text\/.*)$/;

const acceptedSchema = named(
  'Accepted',
  'An upload that is not done yet.',
  z.object({ key: z.string(), state: z.enum(FILE_STATES) }),
);

const optionsSchema = z
  .object(
    Object.fromEntries(
      OPTIONS.map(({ name, doc, allowed }) => [
        name,
        z
          .string()
          .optional()
          .describe(`${doc} Allowed: ${allowed.replaceAll('`', '')}.`),
      ]),
    ),
  )
  // One that is misspelt is named together with all other mistakes.
  .catchall(z.string());

const pictureSchema = z.file();

/**
 * `POST /remove`: a picture in, the cut-out picture out. The upload goes through the bucket as every other: once it is
 * there it is done whatever becomes of the client, the connection or this process, and an answer that would come too
 * late becomes the address to ask at.
 */
export function registerRemove(api: ApiScopeInstance, services: ApiServices): void {
  const { context, watchers } = services;
  const { store, inputBucket, maxBytes } = context;

  api.register(async (untyped) => {
    const scope = untyped.withTypeProvider<ZodTypeProvider>();
    takeBodiesAsStreams(scope);
    // The body is a stream: nobody looks at it here.
    scope.setValidatorCompiler<z.ZodType>((part) =>
      part.httpPart === 'body' ? () => true : validatorCompiler(part),
    );
    scope.post('/remove', {
      config: { scopes: ['upload'] },
      bodyLimit: maxBytes,
      schema: {
        operationId: 'removeBackground',
        tags: ['uploads'],
        summary: 'Send a picture, get the cut-out',
        consumes: ['image/*', 'application/octet-stream'],
        querystring: optionsSchema,
        headers: z.object({
          prefer: described(
            `By RFC 7240: \`wait=N\` waits N seconds for the result (at most ${WAIT.max}; ${WAIT.initial} unless given), \`respond-async\` not at all.`,
            z.string().optional(),
          ),
        }),
        body: pictureSchema,
        response: {
          200: { description: 'The result.', content: { 'image/*': { schema: pictureSchema } } },
          202: {
            description: 'The picture is safe, and not done yet: ask at `Location`.',
            content: { 'application/json': { schema: acceptedSchema } },
          },
          ...problemResponses(400, 401, 403, 413, 415, 422, 429, 503),
        },
      },
      handler: async (request, reply) => {
        const { headers, query } = request;
        const type = contentTypeOf(headers['content-type']);
        const key = keyFor(type);
        const options = createLayer(query as Record<string, string>, (name) => name);
        const mistakes = [...context.optionProblems(key, options), ...metadataProblems(options)];
        if (mistakes.length > 0)
          throw new InvalidRequest(
            'OPTIONS_INVALID',
            'The options are wrong.',
            mistakes.map((message) => ({ path: 'querystring', message })),
          );
        if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooManyBytes(maxBytes, {});
        const { etag } = await store.put(inputBucket, key, uploadBodyOf(request), {
          maxBytes,
          metadata: optionMetadata(options),
          ...(extensionOf(type) !== undefined && { contentType: type }),
        });
        context.nudge(key, etag);

        const { seconds = WAIT.initial, applied } = waitPreferenceOf(headers.prefer, WAIT.max);
        reply.header('clearcut-key', key.split('/').map(encodeRfc3986).join('/'));
        if (applied.length > 0) reply.header('preference-applied', applied.join(', '));
        const subject = services.subjectOfObject(key);
        const { statuses } = await waitForEnd(subject, seconds * 1000, watchers, goneSignal(reply));
        const outcome = statuses[0]?.outcome;
        if (outcome?.kind === 'result') return sendPicture(reply, outcome.record);
        if (outcome?.kind === 'dead-letter') {
          const { code, message, remedy } = outcome.deadLetter.error;
          return sendProblem(reply, problem(422, code, message, remedy));
        }
        return reply
          .code(202)
          .header('location', `/v1/objects?key=${encodeURIComponent(key)}`)
          .header('retry-after', RETRY_AFTER)
          .send({ key, state: statuses[0]?.state ?? 'pending' });
      },
    });
  });

  /** Throws where what the client says of the body is nothing that is processed here. */
  function keyFor(type: string): string {
    const refused = (message: string) =>
      new ClearcutError('FORMAT_UNSUPPORTED', message, {
        remedy: 'Send the bytes of a picture, with its content type, such as image/jpeg.',
      });
    if (NO_PICTURE.test(type)) throw refused(`The body is ${type}, and not the bytes of a picture.`);
    const key = context.areas.requestKey(extensionOf(type) ?? 'img');
    if (context.accepts(inputBucket, key)) return key;
    throw refused('The service processes no uploads of this type: CLEARCUT_INPUT_INCLUDE leaves them out.');
  }

  async function sendPicture(reply: FastifyReply, { output, verdict }: ResultRecord): Promise<FastifyReply> {
    const { head, body } = await store.get(output.bucket, output.key);
    return reply
      .header('content-type', head.contentType)
      .header('content-length', head.size)
      .header('clearcut-verdict', verdict.subject ? 'subject' : 'none')
      .header('clearcut-confidence', verdict.confidence)
      .send(body);
  }
}

/** Without its parameters; empty where the client says nothing. */
function contentTypeOf(header: string | undefined): string {
  const [type = ''] = (header ?? '').split(';', 1);
  return type.trim().toLowerCase();
}
