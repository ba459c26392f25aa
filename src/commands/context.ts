import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Areas, createAreas } from '../batches/areas.js';
import { createManifests } from '../batches/manifest.js';
import { outputPrefixesOf } from '../config/cross-checks.js';
import type { Config } from '../config/schema.js';
import { createKeyFilter, isOwnOutput } from '../events/filter.js';
import type { ImageLimits } from '../image/inspect.js';
import { createAdmission } from '../pipeline/admission.js';
import { createBackgrounds } from '../pipeline/backgrounds.js';
import type { DeadLetterArea } from '../pipeline/dead-letters.js';
import type { OutcomeListener } from '../pipeline/outcome-listener.js';
import type { Pipeline } from '../pipeline/process-object.js';
import type { OutputPlace } from '../pipeline/settlement/place.js';
import { createLinkSigner, type LinkSigner, loadOrCreateLinkSecret } from '../server/links.js';
import { createDirectoryStore } from '../storage/directory/store.js';
import { cutoutKey, deadLetterKey, maskKey, recordKey } from '../storage/keys.js';
import type { ObjectStore } from '../storage/object-store.js';
import { backgroundAreaOf, optionPolicyOf } from './option-policy.js';
import { complain } from './terminal.js';

/** Builds the parts that several commands share from the configuration. */

export function publicUrlOf({ server }: Config): string {
  if (server.publicUrl !== '') return server.publicUrl;
  const host = server.host === '0.0.0.0' || server.host === '::' ? 'localhost' : server.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
}

/** Sections of the configuration that decide which store is opened, and how it issues links. */
export const STORE_SECTIONS = ['storage', 's3', 'server'] as const;

/** Sections of the configuration that decide how the service runs. */
export const SERVICE_SECTIONS = [
  ...STORE_SECTIONS,
  'events',
  'input',
  'output',
  'limits',
  'inference',
  'models',
  'delivery',
  'notify',
  'api',
] as const;

export interface OpenedStore {
  readonly store: ObjectStore;
  /** Checks the links of a directory store; S3 servers check their own. */
  readonly signer: LinkSigner | undefined;
}

export interface OpenStoreOptions {
  /** Where links start, for those who know better than the configuration (a port chosen at start). */
  readonly publicUrl?: () => string;
  /** Told of what an S3 server cannot do. Default: a line on stderr. */
  readonly onWarning?: (message: string) => void;
}

export async function openStore(config: Config, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const { publicUrl = () => publicUrlOf(config), onWarning = complain } = options;
  if (config.storage.kind === 's3') {
    // Loaded only where it is used: the SDK takes a while.
    const { createS3Store } = await import('../storage/s3/store.js');
    return { store: await createS3Store({ ...config.s3, onWarning }), signer: undefined };
  }
  const secret = await loadOrCreateLinkSecret(join(config.storage.root, '.clearcut', 'link-secret'));
  const signer = createLinkSigner({ secret, publicUrl });
  return { store: await createDirectoryStore({ root: config.storage.root, links: signer }), signer };
}

/** Where uploads of the HTTP API lie, and what is kept about them. */
export function areasOf({ input, api }: Config): Areas {
  return createAreas(input.prefix, api.prefix);
}

/** Where the outcome of an input is stored. */
export function placeOf({ output }: Config, inputKey: string): OutputPlace {
  return {
    bucket: output.bucket,
    pictureKey: (kind, format) =>
      kind === 'cutout'
        ? cutoutKey(output.cutoutPrefix, inputKey, format)
        : maskKey(output.maskPrefix, inputKey, format),
    recordKey: recordKey(output.recordPrefix, inputKey),
    deadLetterKey: deadLetterKey(output.deadLetterPrefix, inputKey),
  };
}

export function deadLetterAreaOf(config: Config, store: ObjectStore): DeadLetterArea {
  const { input, output } = config;
  return {
    store,
    inputBucket: input.bucket,
    outputBucket: output.bucket,
    prefix: output.deadLetterPrefix,
    placeOf: (inputKey) => placeOf(config, inputKey),
  };
}

/**
 * Whether an object is ours to process: in the input bucket, let through by the filter, no background, and not our own
 * output.
 */
export function acceptanceOf(config: Config): (bucket: string, key: string) => boolean {
  const { input, output, notify, api } = config;
  const isWanted = createKeyFilter(input);
  const prefixes = [...outputPrefixesOf(output), notify.prefix, api.prefix];
  const backgrounds = backgroundAreaOf(config);
  const isBackground = (key: string) =>
    backgrounds.bucket === input.bucket && backgrounds.prefix !== '' && key.startsWith(backgrounds.prefix);
  return (bucket, key) =>
    bucket === input.bucket &&
    isWanted(key) &&
    !isBackground(key) &&
    !isOwnOutput({ bucket, key }, { bucket: output.bucket, prefixes });
}

export function imageLimitsOf({ limits }: Config): ImageLimits {
  return { maxBytes: limits.maxBytes, maxPixels: limits.maxPixels, maxFrames: limits.maxFrames };
}

/** Images in flight at once: enough to keep the cores busy while others wait for the model. */
export function concurrencyOf({ limits }: Config): number {
  return limits.concurrency === 0 ? availableParallelism() + 2 : limits.concurrency;
}

/** What the way of an image needs, from the configuration and what was opened for it. */
export function pipelineOf(
  config: Config,
  {
    store,
    modelFor,
    outcomes,
  }: {
    store: ObjectStore;
    modelFor: Pipeline['modelFor'];
    outcomes?: OutcomeListener | undefined;
  },
): Pipeline {
  const limits = imageLimitsOf(config);
  return {
    store,
    modelFor,
    admission: createAdmission(config.limits.memory),
    accepts: acceptanceOf(config),
    placeOf: (inputKey) => placeOf(config, inputKey),
    options: {
      ...optionPolicyOf(config),
      announced: createManifests(store, config.output.bucket, areasOf(config)).optionsOf,
    },
    backgrounds: createBackgrounds(store, backgroundAreaOf(config), limits),
    limits,
    linkExpiresIn: Math.floor(config.server.linkExpiry / 1000),
    outcomes,
  };
}
