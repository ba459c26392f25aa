import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { createKeyFilter, isOwnOutput } from '../events/filter.js';
import type { ImageLimits } from '../image/inspect.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../image/options.js';
import type { MatteEngine } from '../inference/engine-api.js';
import type { PreparedModel } from '../models/model.js';
import { createAdmission } from '../pipeline/admission.js';
import type { Pipeline } from '../pipeline/process-object.js';
import type { OutputPlace } from '../pipeline/settlement.js';
import { createLinkSigner, type LinkSigner, loadOrCreateLinkSecret } from '../server/links.js';
import { createDirectoryStore } from '../storage/directory/store.js';
import { cutoutKey, deadLetterKey, recordKey } from '../storage/keys.js';
import type { ObjectStore } from '../storage/object-store.js';
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

/** Where the outcome of an input is stored. */
export function placeOf(
  { output }: Config,
  inputKey: string,
  format: PictureOptions['format'] = output.format,
): OutputPlace {
  return {
    bucket: output.bucket,
    cutoutKey: cutoutKey(output.cutoutPrefix, inputKey, format),
    recordKey: recordKey(output.recordPrefix, inputKey),
    deadLetterKey: deadLetterKey(output.deadLetterPrefix, inputKey),
  };
}

/** Whether an object is ours to process: in the input bucket, let through by the filter, and not our own output. */
export function acceptanceOf({ input, output }: Config): (bucket: string, key: string) => boolean {
  const isWanted = createKeyFilter(input);
  const prefixes = [output.cutoutPrefix, output.recordPrefix, output.deadLetterPrefix];
  return (bucket, key) =>
    bucket === input.bucket &&
    isWanted(key) &&
    !isOwnOutput({ bucket, key }, { bucket: output.bucket, prefixes });
}

export function imageLimitsOf({ limits }: Config): ImageLimits {
  return { maxBytes: limits.maxBytes, maxPixels: limits.maxPixels, maxFrames: limits.maxFrames };
}

/** What is made of a picture unless its upload asks for something else. */
export function pictureOptionsOf({ output }: Config): PictureOptions {
  const { format, webpQuality, maxSide } = output;
  return { ...DEFAULT_OPTIONS, format, quality: webpQuality, maxSide };
}

/** Images in flight at once: enough to keep the cores busy while others wait for the model. */
export function concurrencyOf({ limits }: Config): number {
  return limits.concurrency === 0 ? availableParallelism() + 2 : limits.concurrency;
}

/** What the way of an image needs, from the configuration and what was opened for it. */
export function pipelineOf(
  config: Config,
  { store, engine, model }: { store: ObjectStore; engine: MatteEngine; model: PreparedModel },
): Pipeline {
  return {
    store,
    engine,
    admission: createAdmission(config.limits.memory),
    accepts: acceptanceOf(config),
    placeOf: (inputKey, format) => placeOf(config, inputKey, format),
    limits: imageLimitsOf(config),
    output: pictureOptionsOf(config),
    linkExpiresIn: Math.floor(config.server.linkExpiry / 1000),
    model: { id: model.id, variant: model.variant, side: model.input.side, device: config.inference.device },
  };
}
