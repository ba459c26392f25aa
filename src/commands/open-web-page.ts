import type { Config } from '../config/schema.js';
import type { WebPageOptions } from '../server/web-page.js';
import type { ObjectStore } from '../storage/object-store.js';

/** What the server needs for the web page; undefined where it is turned off. */
export function openWebPage(
  { server, input, output }: Config,
  store: ObjectStore,
): WebPageOptions | undefined {
  if (!server.webPage) return undefined;
  return {
    // Links are asked where they lead to, because several settings decide it: endpoints, path style, region.
    linkOrigins: () =>
      Promise.all(
        [input.bucket, output.bucket].map(async (bucket) => {
          const { url } = await store.presignGet(bucket, 'any', { expiresIn: 60 });
          return new URL(url).origin;
        }),
      ),
  };
}
