import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawSubject } from '../../../support/draw.js';
import { INPUT } from '../../../support/pipeline.js';
import {
  type OpenApiDocument,
  type Operation,
  operationsOf,
  type Parameter,
  readOpenApi,
} from './openapi-document.js';
import { type ServedApi, settleAsResult } from './serve-api.js';
import { serveService } from './serve-service.js';

/**
 * Every operation of the description is sent what it does not expect, and may answer anything but that something went
 * wrong with the service. The seed is fixed: what fails here fails again.
 */
const RUNS = { seed: 20_260_301, numRuns: 100 };

const TOKEN = 'a-token-of-all-scopes';

interface FuzzedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 1_000, maxLength: 3_000 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../../etc/passwd',
    '\0',
    '__proto__',
    '-1',
    '1e999',
    'NaN',
    'null',
    ' ',
    '\'"<&>',
  ),
);

/** Nearly all of a request must be right for the rest of it to be looked at. */
function mostly<Value>(usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: other });
}

/** What a URL holds in the place of a value: mostly encoded as it should be. */
function inUrl(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: value.map(encodeURIComponent) },
    { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%00', '%ff', '%c0%ae', '+', '[]') },
  );
}

const parameterValue = ({ example }: Parameter): fc.Arbitrary<string> =>
  example === undefined ? text : fc.oneof(fc.constant(String(example)), text);

function pathOf(template: string, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const values = fc.tuple(...inPath.map((parameter) => inUrl(parameterValue(parameter))));
  return values.map((all) =>
    inPath.reduce((path, { name }, at) => path.replace(`{${name}}`, () => all[at] ?? ''), template),
  );
}

/** Parameters that are missing, there twice, or not there at all in the description. */
function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const given = (parameter: Parameter, usual: number) =>
    mostly(fc.constant(usual), fc.constantFrom(0, 1, 2))
      .chain((length) => fc.array(inUrl(parameterValue(parameter)), { minLength: length, maxLength: length }))
      .map((values) => values.map((value) => `${encodeURIComponent(parameter.name)}=${value}`));
  const needed = known.filter(({ required }) => required).map((parameter) => given(parameter, 1));
  const others = known.filter(({ required }) => !required).map((parameter) => given(parameter, 1));
  const unknown = fc.tuple(inUrl(text), inUrl(text)).map((pair) => [pair.join('=')]);
  return fc
    .tuple(
      fc.tuple(...needed),
      // Two of them at a time: where many are wrong, nothing behind the first check is ever reached.
      fc
        .shuffledSubarray(others, { maxLength: Math.min(2, others.length) })
        .chain((some) => fc.tuple(...some)),
      mostly(fc.constant<string[]>([]), unknown),
    )
    .map((parts) => parts.flat(2).join('&'));
}

/** As headers can be sent at all: Latin-1 without control characters. */
const headerText = fc
  .oneof(text, fc.constantFrom('wait=0', 'respond-async', 'wait=1, respond-async', 'wait=-1', ',;="'))
  .map((value) => value.replace(/[^\x20-\x7e\xa0-\xff]/g, '').slice(0, 500));

const headers = fc.record(
  {
    prefer: headerText.map((value) => `wait=1, ${value}`),
    'last-event-id': headerText,
    origin: headerText,
    'if-none-match': headerText,
    accept: headerText,
    'content-type': fc.oneof(
      headerText,
      fc.constantFrom(
        'application/json',
        'image/png',
        'text/plain',
        'multipart/form-data',
        'application/jsonx',
      ),
    ),
  },
  { requiredKeys: [] },
);

/** JSON that is nearly what is expected, JSON of any kind, what is no JSON, and bytes of any kind. */
function bodyOf(
  { requestBody }: Operation,
  picture: Uint8Array,
): fc.Arbitrary<string | Uint8Array | undefined> {
  if (requestBody === undefined) return fc.constant(undefined);
  const example = requestBody.content['application/json']?.example;
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  const damaged = fc.nat(picture.length).map((length) => picture.subarray(0, length));
  const json = fc.jsonValue().map((value) => JSON.stringify(value));
  const nearly = fc
    .tuple(fc.constantFrom(...placesIn(example)), fc.jsonValue())
    .map(([place, value]) => JSON.stringify(replaced(example, place, value)));
  const right = example === undefined ? fc.constant(picture) : fc.constant(JSON.stringify(example));
  return fc.oneof(json, nearly, nearly, right, fc.string(), bytes, damaged, fc.constant(undefined));
}

type Place = ReadonlyArray<string>;

/** The way to everything in a JSON value. */
function placesIn(value: unknown, way: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [way];
  return [way, ...Object.entries(value).flatMap(([name, part]) => placesIn(part, [...way, name]))];
}

function replaced(value: unknown, [name, ...rest]: Place, by: unknown): unknown {
  if (name === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[name] = replaced(copy[name], rest, by);
  return copy;
}

function requestsOf(path: string, operation: Operation, picture: Uint8Array): fc.Arbitrary<FuzzedRequest> {
  const parameters = operation.parameters ?? [];
  const isJson = operation.requestBody?.content['application/json'] !== undefined;
  return fc.record({
    path: fc
      .tuple(pathOf(path, parameters), queryOf(parameters))
      .map(([filled, query]) => (query === '' ? filled : `${filled}?${query}`)),
    headers: mostly(fc.constant({}), headers).map((some) => ({
      ...(isJson && { 'content-type': 'application/json' }),
      ...some,
    })),
    body: bodyOf(operation, picture),
  });
}

/** The description, with the key and the id of what there is in its examples. */
async function describedAsIs(api: ServedApi): Promise<OpenApiDocument> {
  const uploads = await api.post(
    '/uploads',
    { files: [{ name: 'a.png' }] },
    { authorization: `Bearer ${TOKEN}` },
  );
  const { batch, files } = (await uploads.json()) as { batch: string; files: Array<{ key: string }> };
  const key = files[0]?.key ?? '';
  await api.store.put(INPUT, key, Buffer.from('picture'));
  await settleAsResult(api.store, key);
  const known: Readonly<Record<string, unknown>> = { key, id: batch, keys: [key] };
  return JSON.parse(JSON.stringify(await readOpenApi(api)), (name, value) => {
    if (name === 'example' && typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([part, old]) => [part, known[part] ?? old]));
    const isParameter = typeof value?.name === 'string' && known[value.name] !== undefined;
    return isParameter && 'in' in value ? { ...value, example: known[value.name] } : value;
  });
}

test('bad input is never an error of the service', { timeout: 240_000 }, async () => {
  const api = await serveService({ tokens: `fuzz:upload+read+admin:${TOKEN}` });
  const picture = await drawSubject({ format: 'png', width: 32, height: 24 });
  const answers: Record<string, Record<number, number>> = {};
  for (const { path, method, operation, name } of operationsOf(await describedAsIs(api))) {
    const counts: Record<number, number> = {};
    answers[name] = counts;
    const ask = async ({ path: target, ...request }: FuzzedRequest) => {
      const { status, headers } = await fetch(`${api.url}${target}`, {
        method,
        headers: { ...request.headers, authorization: `Bearer ${TOKEN}` },
        ...(request.body !== undefined && { body: request.body }),
        // Streams of events end when they please.
        signal: AbortSignal.timeout(20_000),
      }).then(async (response) => {
        await response.body?.cancel();
        return response;
      });
      counts[status] = (counts[status] ?? 0) + 1;
      expect(status).toBeLessThan(500);
      if (status >= 400) expect(headers.get('content-type')).toBe('application/problem+json');
    };
    await fc.assert(fc.asyncProperty(requestsOf(path, operation, picture), ask), RUNS);
  }
  // Requests that are all refused at the door would prove nothing.
  for (const [name, counts] of Object.entries(answers)) {
    const isServed = Object.keys(counts).some((status) => Number(status) < 400);
    expect([name, counts, isServed]).toEqual([
      name,
      expect.objectContaining({ 400: expect.any(Number) }),
      true,
    ]);
  }
});
