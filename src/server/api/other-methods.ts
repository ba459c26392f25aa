import { problem, sendProblem } from '../problem.js';
import type { ApiScopeInstance } from './register.js';

/** OPTIONS is for those who ask in advance (CORS); the rest of HTTP's methods need no answer of their own. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Lets the paths that `register` registers routes for answer 405 to the methods that they do not have, and name those
 * that they have, as RFC 9110 wants it.
 */
export function withOtherMethods(api: ApiScopeInstance, register: () => void): void {
  const known = new Map<string, string[]>();
  let isOurs = true;
  api.addHook('onRoute', ({ routePath, method }) => {
    if (isOurs) known.set(routePath, [...(known.get(routePath) ?? []), method].flat());
  });
  register();
  // Behind the routes of scopes that load later.
  api.register(async (scope) => {
    isOurs = false;
    for (const [url, methods] of known) {
      const allowed = methods.join(', ');
      scope.route({
        url,
        method: METHODS.filter((method) => !methods.includes(method)),
        schema: { hide: true },
        // Before a body is read.
        onRequest: async (_request, reply) => {
          const content = problem(
            405,
            'METHOD_NOT_ALLOWED',
            'There is no such method here.',
            `Use ${allowed}.`,
          );
          return sendProblem(reply.header('allow', allowed), content);
        },
        handler: () => {},
      });
    }
  });
}
