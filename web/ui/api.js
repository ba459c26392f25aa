// The service's HTTP API, as far as the page needs it. Every failure is a Failure.
import { eventsOf } from './event-stream.js';
import { failureOfAnswer, unreachable } from './failure.js';

/** Most files of one batch. */
export const BATCH_SIZE = 1000;

/**
 * @param {object} options
 * @param {string} options.base address of the service, with a slash at the end
 * @param {{ current(): string | undefined, ask(wasRefused: boolean): Promise<string | undefined> }} options.tokens
 *   asked where the service wants a token
 * @param {typeof globalThis.fetch} [options.fetch]
 */
export function createApi({ base, tokens, fetch = globalThis.fetch.bind(globalThis) }) {
  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} one that succeeded
   */
  async function request(path, init = {}) {
    for (;;) {
      const token = tokens.current();
      const answer = await send(path, init, token);
      if (answer.ok) return answer;
      const failure = failureOfAnswer(answer.status, await answer.json().catch(() => undefined));
      if (answer.status !== 401) throw failure;
      // While this was under way another request may have had the token corrected.
      if (tokens.current() === token && (await tokens.ask(token !== undefined)) === undefined) throw failure;
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @param {string | undefined} token
   */
  async function send(path, init, token) {
    try {
      const headers = { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
      return await fetch(new URL(path, base), { cache: 'no-store', ...init, headers });
    } catch (thrown) {
      if (init.signal?.aborted) throw thrown;
      throw unreachable();
    }
  }

  return {
    /**
     * Makes a batch and the links to upload its files with.
     * @param {readonly File[]} files
     * @param {Readonly<Record<string, string>>} options
     * @returns {Promise<import('./contract.js').IssuedUploads>}
     */
    async createUploads(files, options) {
      const described = files.map(({ name, size, type }) => ({
        name,
        size,
        ...(type !== '' && { type }),
        options,
      }));
      const answer = await request('v1/uploads', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ files: described }),
      });
      return answer.json();
    },

    /**
     * @param {string} id
     * @param {AbortSignal} [signal]
     * @returns {Promise<import('./contract.js').ApiBatch>}
     */
    async batch(id, signal) {
      const answer = await request(`v1/batches/${id}`, signal === undefined ? {} : { signal });
      return answer.json();
    },

    /**
     * What happens to a batch, until it is finished or the connection breaks.
     * @param {string} id
     * @param {string} lastId of the last event seen; empty at first
     * @param {AbortSignal} signal
     */
    async *events(id, lastId, signal) {
      const headers = { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) };
      yield* eventsOf(await request(`v1/batches/${id}/events`, { headers, signal }));
    },

    /** @param {string} id */
    zipUrl: (id) => new URL(`v1/batches/${id}/zip`, base).href,

    /** The zip of a batch, for services that want a token, which a link cannot carry. @param {string} id */
    async zip(id) {
      return (await request(`v1/batches/${id}/zip`)).blob();
    },
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */
