import type { Areas } from '../../batches/areas.js';
import type { ApiToken } from '../../config/values.js';
import type { OptionLayer } from '../../options/layers.js';
import type { DeadLetterArea } from '../../pipeline/dead-letters.js';
import type { OutputPlace } from '../../pipeline/settlement/place.js';
import type { ObjectStore } from '../../storage/object-store.js';
import type { Logger } from '../../telemetry/logger.js';
import type { WatchersOptions } from './watchers.js';

/** What the HTTP API works with; built once at start. */
export interface ApiContext {
  readonly store: ObjectStore;
  /** The bucket that is watched. */
  readonly inputBucket: string;
  readonly outputBucket: string;
  readonly areas: Areas;
  /** Where the outcome of an input is stored. */
  readonly placeOf: (inputKey: string) => OutputPlace;
  /** Whether an object is ours to process. */
  readonly accepts: (bucket: string, key: string) => boolean;
  /** What is wrong with these options for an input, beside those of the configuration; a line for each mistake. */
  readonly optionProblems: (inputKey: string, options: OptionLayer) => readonly string[];
  /** Seconds that links work where nobody asks for another time. */
  readonly linkExpiresIn: number;
  /** The most bytes of one image. */
  readonly maxBytes: number;
  /** Whether upload links can say how many bytes they take; those of S3 cannot. */
  readonly limitsUploads: boolean;
  /** Tells the service of this process that an object is there, which events would tell it later. Never fails. */
  readonly nudge: (key: string, etag?: string) => void;
  /** Whether nothing but the sweep tells the service of uploads, so that the API tells of those that it sees. */
  readonly discovers: boolean;
  /** How often those who wait for news are looked after. Default: as of the watchers. */
  readonly watching?: Pick<WatchersOptions, 'minPauseMs' | 'maxPauseMs'>;
  readonly deadLetters: DeadLetterArea;
  readonly logger: Logger;
}

/** Who may call the API. */
export interface ApiAccess {
  readonly tokens: readonly ApiToken[];
  /** Of web pages that may call it. */
  readonly corsOrigins: readonly string[];
  /** Requests a minute, for each token or address; 0: no limit. */
  readonly rateLimit: number;
}
