import { randomUUID } from 'node:crypto';
import { createWorkInHand, type WorkInHand } from '../batches/work-in-hand.js';
import type { Config } from '../config/schema.js';
import type { Pipeline } from '../pipeline/process-object.js';
import type { ApiContext } from '../server/api/context.js';
import { type Api, createApi } from '../server/api/register.js';
import { isLoopback } from '../server/loopback.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import { areasOf, deadLetterAreaOf, placeOf } from './context.js';
import { announcedProblemsOf } from './option-policy.js';

export interface OpenApiOptions {
  readonly config: Config;
  readonly store: ObjectStore;
  readonly accepts: Pipeline['accepts'];
  readonly nudge: ApiContext['nudge'];
  readonly logger: Logger;
}

/** What the server needs for the HTTP API; undefined where anybody who reaches the server could call it. */
export function openApi({ config, store, accepts, nudge, logger }: OpenApiOptions): Api | undefined {
  const { api, server, input, output, limits, storage } = config;
  if (api.tokens.length === 0 && !isLoopback(server.host)) {
    logger.warn(
      `the HTTP API is off: anybody who reaches ${server.host} could call it; set CLEARCUT_API_TOKENS, or CLEARCUT_HTTP_HOST=127.0.0.1`,
    );
    return undefined;
  }
  const context: ApiContext = {
    store,
    inputBucket: input.bucket,
    outputBucket: output.bucket,
    areas: areasOf(config),
    placeOf: (key) => placeOf(config, key),
    accepts,
    optionProblems: announcedProblemsOf(config),
    linkExpiresIn: Math.floor(server.linkExpiry / 1000),
    maxBytes: limits.maxBytes,
    limitsUploads: storage.kind === 'directory',
    nudge,
    deadLetters: deadLetterAreaOf(config, store),
    discovers: storage.kind === 's3' && config.events.sources.length === 0,
    logger,
  };
  return createApi(context, api);
}

/** Tells everybody what this process works on. */
export function openWorkInHand(config: Config, store: ObjectStore, logger: Logger): WorkInHand {
  const { workersFolder, isUpload } = areasOf(config);
  return createWorkInHand({
    store,
    bucket: config.output.bucket,
    objectKey: `${workersFolder}${randomUUID()}.json`,
    isAskedFor: isUpload,
    logger,
  });
}
