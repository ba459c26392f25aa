import type { ServedApi } from './serve-api.js';

/** The parts of the OpenAPI document that tests look at. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly security?: ReadonlyArray<{ readonly token?: readonly string[] }>;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content | undefined }>
  >;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly example?: unknown;
}

type Content = Readonly<Record<string, { readonly schema?: object; readonly example?: unknown }>>;

export async function readOpenApi({ url }: Pick<ServedApi, 'url'>): Promise<OpenApiDocument> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
}

/** Every operation, with its method in upper case. */
export function operationsOf({ paths }: OpenApiDocument) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      return { path, method, operation, name: `${method} ${path}` };
    }),
  );
}
