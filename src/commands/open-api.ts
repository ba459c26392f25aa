import { createAreas } from '../batches/areas.js';
import type { Config } from '../config/schema.js';
import { chooseOptions } from '../options/choose.js';
import type { Pipeline } from '../pipeline/process-object.js';
import type { ApiContext } from '../server/api/context.js';
import type { ApiOptions } from '../server/api/register.js';
import { isLoopback } from '../server/loopback.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import { deadLetterAreaOf, placeOf } from './context.js';
import { optionPolicyOf } from './option-policy.js';

export interface OpenApiOptions {
  readonly config: Config;
  readonly store: ObjectStore;
  readonly accepts: Pipeline['accepts'];
  readonly nudge: ApiContext['nudge'];
  readonly notices: ApiContext['notices'];
  readonly logger: Logger;
}

/** What the server needs for the HTTP API; undefined where anybody who reaches the server could call it. */
export function openApi({
  config,
  store,
  accepts,
  nudge,
  notices,
  logger,
}: OpenApiOptions): ApiOptions | undefined {
  const { api, server, input, output, limits, storage } = config;
  if (api.tokens.length === 0 && !isLoopback(server.host)) {
    logger.warn(
      `the HTTP API is off: anybody who reaches ${server.host} could call it; set CLEARCUT_API_TOKENS, or CLEARCUT_HTTP_HOST=127.0.0.1`,
    );
    return undefined;
  }
  const policy = optionPolicyOf(config);
  return {
    access: api,
    context: {
      store,
      inputBucket: input.bucket,
      outputBucket: output.bucket,
      areas: createAreas(input.prefix, api.prefix),
      placeOf: (key) => placeOf(config, key),
      accepts,
      chooseOptions: (key, layer) => chooseOptions([...policy.layersFor(key), layer]),
      linkExpiresIn: Math.floor(server.linkExpiry / 1000),
      maxBytes: limits.maxBytes,
      limitsUploads: storage.kind === 'directory',
      nudge,
      notices,
      deadLetters: deadLetterAreaOf(config, store),
      logger,
    },
  };
}
