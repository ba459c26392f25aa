import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { ClearcutError } from '../errors.js';

/** An error as clients see it: problem details by RFC 9457, with Clearcut's code and remedy. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  /** What is wrong with which part of the request, where several things may be. */
  readonly errors?: readonly Mistake[];
}

export interface Mistake {
  /** Where it is: `body/files/3/name`. */
  readonly path: string;
  readonly message: string;
}

/** What went wrong, in words that are safe to show: of errors that nobody expected, nothing but the status. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ClearcutError) {
    return problem(thrown.httpStatus, thrown.code, thrown.message, thrown.remedy);
  }
  const status = statusOf(thrown);
  if (status < 500)
    return problem(status, 'REQUEST_INVALID', 'The request is not understood.', 'Correct the request.');
  return problem(500, 'INTERNAL', 'The request could not be served.', 'The log of the service says why.');
}

export const NOTHING_HERE = problem(
  404,
  'NOT_FOUND',
  'There is nothing here.',
  'Use a link exactly as it was issued.',
);

export function sendProblem(reply: FastifyReply, content: Problem): FastifyReply {
  return (
    reply
      .code(content.status)
      .header('content-type', 'application/problem+json')
      // As bytes: Fastify adds a charset to JSON text, and this type has no such parameter.
      .send(Buffer.from(JSON.stringify(content)))
  );
}

/** What went wrong, with the standard title of its status. */
export function problem(status: number, code: string, detail: string, remedy: string): Problem {
  return { title: STATUS_CODES[status] ?? 'Error', status, code, detail, remedy };
}

/** Fastify's own errors carry the status of a client's mistake. */
function statusOf(thrown: unknown): number {
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    return thrown.statusCode >= 400 ? thrown.statusCode : 500;
  }
  return 500;
}
