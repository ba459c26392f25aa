import type { OpenAPIV3_1 } from 'openapi-types';
import { EXAMPLES, problemExample } from './examples.js';

type Operation = OpenAPIV3_1.OperationObject;
type Content = Record<string, OpenAPIV3_1.MediaTypeObject>;

/** What each status means, for the answers whose route says nothing else. */
const MEANINGS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  400: 'The request is wrong; `errors` names each mistake.',
  401: 'The token is missing or wrong.',
  403: 'The token lacks the scope.',
  404: 'There is no such thing.',
  413: 'The body is too large.',
  415: 'The body is of a type that is not taken.',
  422: 'The picture cannot be processed.',
  429: 'Too many requests; `Retry-After` says when the next one is taken.',
  503: 'The object store does not serve now; `Retry-After` says when to come again.',
};

const NO_MEANING = /^(Default Response|What went wrong\.)$/;

/** The document with what schemas alone do not tell: examples, what statuses mean, and no schema that nothing names. */
export function completeDocument(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [path, completeItem(item)]);
  return withoutUnusedSchemas({ ...document, paths: Object.fromEntries(paths) });
}

function completeItem(item: OpenAPIV3_1.PathItemObject | undefined): object {
  const entries = Object.entries(item ?? {}).map(([method, operation]) => [
    method,
    completeOperation(operation as Operation),
  ]);
  return Object.fromEntries(entries);
}

function completeOperation(operation: Operation): Operation {
  const { operationId = '', parameters = [], requestBody, responses = {} } = operation;
  const examples = EXAMPLES[operationId] ?? {};
  const body = requestBody as OpenAPIV3_1.RequestBodyObject | undefined;
  return {
    ...operation,
    ...(parameters.length > 0 && {
      parameters: (parameters as OpenAPIV3_1.ParameterObject[]).map((parameter) => ({
        ...parameter,
        ...exampleOf(examples.parameters?.[parameter.name]),
      })),
    }),
    ...(body !== undefined && {
      requestBody: { ...body, content: withExample(body.content, examples.request) },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        completeResponse(status, response as OpenAPIV3_1.ResponseObject, examples.response),
      ]),
    ),
  };
}

function completeResponse(
  status: string,
  response: OpenAPIV3_1.ResponseObject,
  example: unknown,
): OpenAPIV3_1.ResponseObject {
  const isProblem = Number(status) >= 400;
  const { description, content } = response;
  return {
    ...response,
    description: NO_MEANING.test(description) ? (MEANINGS[status] ?? description) : description,
    ...(content !== undefined && {
      content: withExample(content, isProblem ? problemExample(Number(status)) : example),
    }),
  };
}

/** Examples of JSON only: a picture is none that anybody could read. */
function withExample(content: Content, example: unknown): Content {
  const entries = Object.entries(content).map(([type, media]) => [
    type,
    type.endsWith('json') ? { ...media, ...exampleOf(example) } : media,
  ]);
  return Object.fromEntries(entries);
}

function exampleOf(example: unknown): { example?: unknown } {
  return example === undefined ? {} : { example };
}

/** Each schema is made for requests and for answers; most are needed for one of them. */
function withoutUnusedSchemas(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const { schemas = {}, ...components } = document.components ?? {};
  const used = new Set<string>();
  const collect = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name]);
    }
  };
  collect(document.paths);
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept) } };
}
