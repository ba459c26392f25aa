import { z } from 'zod';
import { PRESETS } from '../options/schema.js';
import {
  apiTokenList,
  autoOr,
  bucketName,
  byteSize,
  duration,
  durationList,
  flag,
  gpuList,
  keyPrefix,
  oneOf,
  optionalHttpUrl,
  textList,
  textMap,
  webhookList,
  whole,
  yamlOf,
} from './values.js';

/**
 * Every setting of Clearcut, once: its place in a configuration file, its default, its environment variable and
 * what it does. The loader, the flags and the table in the README all come from here.
 */

const MiB = 1024 * 1024;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const DEVICES = ['cpu', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'directml'] as const;

/** Hidden files, and files that a program is still writing. */
export const DEFAULT_EXCLUDES = [
  '**/.*',
  '**/.*/**',
  '**/*.part',
  '**/*.partial',
  '**/*.crdownload',
  '**/*.tmp',
  '**/*.swp',
  '**/*~',
  '**/~$*',
  '**/Thumbs.db',
  '**/desktop.ini',
];

/** As Standard Webhooks recommends. */
const NOTIFY_RETRIES = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  day,
];

/** `unit` says how a number is written for people. */
function setting<Type extends z.ZodType>(type: Type, env: string, doc: string, unit?: 'bytes' | 'duration') {
  return type.meta({ env, doc, unit });
}

/** A text that nobody may read over a shoulder: it has no flag, because a command line is open to the whole machine. */
function secret(env: string, doc: string, initial = '') {
  return z.string().default(initial).meta({ env, doc, secret: true });
}

const ruleSchema = z.strictObject({
  /** Glob patterns of keys, as of `input.include`. */
  match: textList(),
  options: textMap(),
});

export const configSchema = z.strictObject({
  storage: z
    .strictObject({
      root: setting(
        z.string().min(1).default('./clearcut-data'),
        'CLEARCUT_ROOT',
        'Folder that holds the buckets, one folder each.',
      ),
      kind: setting(
        oneOf(['directory', 's3']).default('directory'),
        'CLEARCUT_STORE',
        'Where the buckets are: `directory` (folders below the root) or `s3` (AWS, MinIO and every compatible server).',
      ),
    })
    .prefault({}),
  s3: z
    .strictObject({
      endpoint: setting(
        optionalHttpUrl().default(''),
        'CLEARCUT_S3_ENDPOINT',
        'Address of the S3 server; empty for AWS.',
      ),
      publicEndpoint: setting(
        optionalHttpUrl().default(''),
        'CLEARCUT_S3_PUBLIC_ENDPOINT',
        'Address that links start with, where clients reach the server by another one; empty for the endpoint.',
      ),
      region: setting(z.string().default('us-east-1'), 'CLEARCUT_S3_REGION', 'Region of the buckets.'),
      accessKeyId: setting(
        z.string().default(''),
        'CLEARCUT_S3_ACCESS_KEY_ID',
        "Access key; empty for the AWS SDK's own search (environment, profile, role of the machine).",
      ),
      secretAccessKey: secret('CLEARCUT_S3_SECRET_ACCESS_KEY', 'Secret of the access key.'),
      sessionToken: secret('CLEARCUT_S3_SESSION_TOKEN', 'Session token of temporary credentials.'),
      pathStyle: setting(
        oneOf(['auto', 'true', 'false']).default('auto'),
        'CLEARCUT_S3_PATH_STYLE',
        'Whether the bucket is in the path of URLs; `auto`: yes where an endpoint is set.',
      ),
      caFile: setting(
        z.string().default(''),
        'CLEARCUT_S3_CA_FILE',
        'File with the certificates of a private authority that the server may have.',
      ),
      corsOrigins: setting(
        textList().default([]),
        'CLEARCUT_S3_CORS_ORIGINS',
        'Origins whose web pages may upload and read with links, separated by commas, such as `https://shop.example`; `clearcut setup` allows them.',
      ),
    })
    .prefault({}),
  events: z
    .strictObject({
      sources: setting(
        textList()
          .pipe(z.array(oneOf(['directory', 'minio-listen', 'webhook', 'nats', 'sqs'])))
          .default([]),
        'CLEARCUT_EVENTS',
        'Sources of events, separated by commas: `directory`, `minio-listen`, `webhook`, `nats`, `sqs`. Empty: `directory` for a directory, the sweep alone for S3.',
      ),
      targetArn: setting(
        z.string().default(''),
        'CLEARCUT_EVENTS_TARGET_ARN',
        "ARN of the target that the server sends the bucket's events to, such as `arn:minio:sqs::CLEARCUT:nats`, for `clearcut setup`; empty with `sqs` means the queue's own.",
      ),
      webhookToken: secret(
        'CLEARCUT_WEBHOOK_TOKEN',
        'Token that webhook calls must carry (`Authorization: Bearer TOKEN`).',
      ),
      webhookJournal: setting(
        z.string().default(''),
        'CLEARCUT_WEBHOOK_JOURNAL',
        'Folder that keeps webhook events until they are done; one for each process. Empty: `.clearcut/webhook` below the root.',
      ),
      natsUrl: secret(
        'CLEARCUT_NATS_URL',
        'Addresses of the NATS servers of one cluster, separated by commas; may hold a user and password.',
        'nats://127.0.0.1:4222',
      ),
      natsSubject: setting(
        z.string().default('clearcut.events'),
        'CLEARCUT_NATS_SUBJECT',
        'Subject of the events.',
      ),
      natsStream: setting(
        z.string().default('CLEARCUT'),
        'CLEARCUT_NATS_STREAM',
        'JetStream stream that holds the events; made where it does not exist.',
      ),
      natsConsumer: setting(
        z.string().default('clearcut'),
        'CLEARCUT_NATS_CONSUMER',
        'Durable consumer that all workers share.',
      ),
      natsCredentials: setting(
        z.string().default(''),
        'CLEARCUT_NATS_CREDENTIALS',
        'File with NATS credentials; empty for none.',
      ),
      sqsUrl: setting(optionalHttpUrl().default(''), 'CLEARCUT_SQS_URL', 'URL of the SQS queue.'),
    })
    .prefault({}),
  input: z
    .strictObject({
      bucket: setting(bucketName().default('uploads'), 'CLEARCUT_INPUT_BUCKET', 'Bucket to watch.'),
      prefix: setting(
        keyPrefix().default(''),
        'CLEARCUT_INPUT_PREFIX',
        'Watch only keys that start with this folder, such as `photos/`.',
      ),
      include: setting(
        textList().default(['**']),
        'CLEARCUT_INPUT_INCLUDE',
        'Glob patterns of the keys to process, separated by commas.',
      ),
      exclude: setting(
        textList().default(DEFAULT_EXCLUDES),
        'CLEARCUT_INPUT_EXCLUDE',
        'Glob patterns of the keys to leave alone. The default leaves out hidden files and files still being written.',
      ),
      readTags: setting(
        flag().default(false),
        'CLEARCUT_READ_TAGS',
        'Read options from the tags of objects (`clearcut:format`) too: a request more for each.',
      ),
    })
    .prefault({}),
  output: z
    .strictObject({
      bucket: setting(
        bucketName().default('results'),
        'CLEARCUT_OUTPUT_BUCKET',
        'Bucket for cut-outs, result records and dead letters.',
      ),
      cutoutPrefix: setting(
        keyPrefix().default('cutouts/'),
        'CLEARCUT_CUTOUT_PREFIX',
        'Folder of the cut-outs in the output bucket.',
      ),
      maskPrefix: setting(
        keyPrefix().default('masks/'),
        'CLEARCUT_MASK_PREFIX',
        'Folder of the masks in the output bucket.',
      ),
      recordPrefix: setting(
        keyPrefix().default('records/'),
        'CLEARCUT_RECORD_PREFIX',
        'Folder of the result records in the output bucket.',
      ),
      deadLetterPrefix: setting(
        keyPrefix().default('dead-letters/'),
        'CLEARCUT_DEAD_LETTER_PREFIX',
        'Folder of the dead letters in the output bucket.',
      ),
      options: setting(
        textMap().default({}),
        'CLEARCUT_OPTIONS',
        'Options of every picture, such as `format=webp, bg-color=white`; docs/options.md has them all.',
      ),
      rules: setting(
        yamlOf(z.array(ruleSchema, 'expected a list of rules, each with `match` and `options`')).default([]),
        'CLEARCUT_RULES',
        'Options by key, as YAML or JSON: `[{match: "shop/**", options: {format: jpg, bg-color: white}}]`. Later rules go before earlier ones.',
      ),
      backgroundBucket: setting(
        z.union([z.literal(''), bucketName()]).default(''),
        'CLEARCUT_BACKGROUND_BUCKET',
        'Bucket of the pictures that `bg-image` names; empty for the input bucket.',
      ),
      backgroundPrefix: setting(
        keyPrefix().default('backgrounds/'),
        'CLEARCUT_BACKGROUND_PREFIX',
        'Folder of those pictures. In the input bucket they are not cut out themselves; empty: any picture of the bucket can be a background, and all are cut out.',
      ),
      expireDays: setting(
        whole(0, 36_500).default(0),
        'CLEARCUT_CUTOUT_EXPIRY_DAYS',
        'Days after which S3 deletes cut-outs, by a rule that `clearcut setup` makes; records stay. 0: never.',
      ),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxBytes: setting(
        byteSize(1).default(64 * MiB),
        'CLEARCUT_MAX_BYTES',
        'Largest object accepted. Larger ones become dead letters.',
        'bytes',
      ),
      maxPixels: setting(
        whole(1).default(120_000_000),
        'CLEARCUT_MAX_PIXELS',
        'Most pixels of a picture accepted, checked before it is decoded.',
      ),
      maxFrames: setting(
        whole(1).default(1_000),
        'CLEARCUT_MAX_FRAMES',
        'Most frames or pages of a file accepted. The first one is cut out.',
      ),
      memory: setting(
        byteSize(64 * MiB).default(1024 * MiB),
        'CLEARCUT_MEMORY',
        'Memory for the pictures in flight. A picture that needs more than all of it goes alone.',
        'bytes',
      ),
      concurrency: setting(
        whole(0, 1_024).default(0),
        'CLEARCUT_CONCURRENCY',
        'Images in flight at once, at most; 0 means two more than the processor cores.',
      ),
    })
    .prefault({}),
  inference: z
    .strictObject({
      device: setting(
        oneOf(DEVICES).default('cpu'),
        'CLEARCUT_DEVICE',
        `Where the model runs: ${DEVICES.map((device) => `\`${device}\``).join(', ')}. One that does not work stops the start.`,
      ),
      gpus: setting(
        gpuList().default('all'),
        'CLEARCUT_GPUS',
        'GPUs to use, one worker each: `all`, or numbers as `nvidia-smi` shows them, separated by commas; for `cuda`, `tensorrt` and `directml`.',
      ),
      model: setting(
        z.string().min(1).default('isnet-general-use'),
        'CLEARCUT_MODEL',
        'Model of the catalogue (`clearcut models list`), or the path of the description of your own (`.yaml`, `.json`, `.onnx`; docs/models.md).',
      ),
      preset: setting(
        oneOf(PRESETS).default('quality'),
        'CLEARCUT_PRESET',
        'Quality against speed: `quality`, `balanced` or `fast`; docs/performance.md has the figures of each.',
      ),
      otherPresets: setting(
        textList()
          .pipe(z.array(oneOf(PRESETS)))
          .default(['fast']),
        'CLEARCUT_OTHER_PRESETS',
        'Presets that the option `preset` may ask for besides, separated by commas. Each keeps a model of its own in memory from when it is first asked for.',
      ),
      precision: setting(
        oneOf(['auto', 'fp32', 'fp16', 'int8']).default('auto'),
        'CLEARCUT_PRECISION',
        'Numbers that the model computes with. `auto`: the fastest that a self-test at the first start finds as good as float32 on this machine.',
      ),
      maxSide: setting(
        whole(256, 16_384).default(2048),
        'CLEARCUT_MODEL_MAX_SIDE',
        'Longest side of the picture that the model sees, in pixels. The side of the preset is the upper limit.',
      ),
      workers: setting(
        whole(0, 256).default(0),
        'CLEARCUT_WORKERS',
        'Inference workers; 0 chooses by the device.',
      ),
      threads: setting(
        whole(0, 1_024).default(0),
        'CLEARCUT_THREADS',
        'Processor threads of each worker; 0 chooses by the cores.',
      ),
      maxBatch: setting(
        whole(0, 256).default(0),
        'CLEARCUT_MAX_BATCH',
        'Most pictures in one run of the model; 0 chooses by the device.',
      ),
      batchWait: setting(
        autoOr(duration(0)).default('auto'),
        'CLEARCUT_BATCH_WAIT',
        'Longest wait of a picture for others to share its run: `auto` as long as measured runs and arrivals say it pays, a duration such as `20ms` at most that, `0` never.',
      ),
    })
    .prefault({}),
  models: z
    .strictObject({
      cache: setting(
        z.string().default(''),
        'CLEARCUT_MODEL_CACHE',
        "Folder of fetched and prepared models; empty means the user's cache folder.",
      ),
      url: setting(
        optionalHttpUrl().default(''),
        'CLEARCUT_MODEL_URL',
        "Address to fetch the model's weights from, before the catalogue's own sources.",
      ),
      acceptNonCommercial: setting(
        textList().default([]),
        'CLEARCUT_ACCEPT_NON_COMMERCIAL',
        'Ids of models whose licence forbids commercial use and whose terms you keep, separated by commas, such as `rmbg-2.0`.',
      ),
    })
    .prefault({}),
  delivery: z
    .strictObject({
      maxAttempts: setting(
        whole(1, 100).default(5),
        'CLEARCUT_MAX_ATTEMPTS',
        'Attempts at an image that fails without being at fault itself, before it becomes a dead letter.',
      ),
      retryMin: setting(
        duration(1).default(second),
        'CLEARCUT_RETRY_MIN',
        'Pause before the second attempt; doubles each time.',
        'duration',
      ),
      retryMax: setting(
        duration(1).default(minute),
        'CLEARCUT_RETRY_MAX',
        'Longest pause between attempts.',
        'duration',
      ),
      sweepInterval: setting(
        duration(second).default(minute),
        'CLEARCUT_SWEEP_INTERVAL',
        'How often input is listed against output to find what no event told of.',
        'duration',
      ),
      settle: setting(
        duration(50, minute).default(500),
        'CLEARCUT_SETTLE',
        'How long a file must stay unchanged before it counts as complete.',
        'duration',
      ),
      watchPolling: setting(
        flag().default(false),
        'CLEARCUT_WATCH_POLLING',
        'Watch by looking again and again: for network folders that send no change events.',
      ),
      queueCapacity: setting(
        whole(1).default(10_000),
        'CLEARCUT_QUEUE_CAPACITY',
        'Events waiting in memory for each source; the sweep finds what is beyond.',
      ),
      shutdownGrace: setting(
        duration(0).default(30 * second),
        'CLEARCUT_SHUTDOWN_GRACE',
        'How long the images in flight may take to finish when the service is told to stop.',
        'duration',
      ),
      removeResults: setting(
        flag().default(false),
        'CLEARCUT_REMOVE_RESULTS',
        'Remove the result or dead letter of an input when an event tells that the input was deleted.',
      ),
    })
    .prefault({}),
  server: z
    .strictObject({
      host: setting(
        z.string().min(1).default('127.0.0.1'),
        'CLEARCUT_HTTP_HOST',
        'Address to listen on; `0.0.0.0` for every one.',
      ),
      port: setting(
        whole(0, 65_535).default(8787),
        'CLEARCUT_HTTP_PORT',
        'Port to listen on; 0 takes a free one.',
      ),
      publicUrl: setting(
        optionalHttpUrl().default(''),
        'CLEARCUT_PUBLIC_URL',
        'Address that links start with; empty means `http://HOST:PORT`.',
      ),
      linkExpiry: setting(
        duration(second, 7 * day).default(day),
        'CLEARCUT_LINK_EXPIRY',
        'How long a link to a result works, at most 7 days.',
        'duration',
      ),
      webPage: setting(
        flag().default(true),
        'CLEARCUT_WEB_PAGE',
        'Serve the web page at `/`, wherever the HTTP API is on; see docs/web.md.',
      ),
    })
    .prefault({}),
  api: z
    .strictObject({
      tokens: apiTokenList().default([]).meta({
        env: 'CLEARCUT_API_TOKENS',
        doc: 'Tokens of the HTTP API, separated by commas, each `NAME:SCOPES:SECRET`: scopes are `upload`, `read` and `admin`, joined by `+`; the secret has 16 characters or more, or is `sha256:` and the hash of it in hex. Empty: open to this machine alone, and off where `CLEARCUT_HTTP_HOST` is not this machine.',
        secret: true,
      }),
      corsOrigins: setting(
        textList().default([]),
        'CLEARCUT_API_CORS_ORIGINS',
        'Origins whose web pages may call the HTTP API, separated by commas, such as `https://shop.example`.',
      ),
      rateLimit: setting(
        whole(0).default(1_200),
        'CLEARCUT_API_RATE_LIMIT',
        'Requests to the HTTP API in a minute, for each token, or each address where there are none; 0: no limit.',
      ),
      prefix: setting(
        keyPrefix().default('api/'),
        'CLEARCUT_API_PREFIX',
        'Folder in the output bucket for what the HTTP API keeps: the manifests of batches and what is being worked on.',
      ),
    })
    .prefault({}),
  notify: z
    .strictObject({
      webhooks: webhookList().default([]).meta({
        env: 'CLEARCUT_NOTIFY_WEBHOOKS',
        doc: 'Webhooks that are told of every outcome, separated by commas: each an address and, behind it, the secrets that sign (`https://shop.example/hook whsec_...`).',
        secret: true,
      }),
      allowPrivate: setting(
        flag().default(false),
        'CLEARCUT_NOTIFY_ALLOW_PRIVATE',
        'Let webhooks be hosts of a private network or of this machine.',
      ),
      natsSubject: setting(
        z.string().default(''),
        'CLEARCUT_NOTIFY_NATS_SUBJECT',
        'Subject of a JetStream stream that is told of every outcome, on the servers of `CLEARCUT_NATS_URL`.',
      ),
      sqsUrl: setting(
        optionalHttpUrl().default(''),
        'CLEARCUT_NOTIFY_SQS_URL',
        'URL of an SQS queue that is told of every outcome.',
      ),
      snsArn: setting(
        z.string().default(''),
        'CLEARCUT_NOTIFY_SNS_ARN',
        'ARN of an SNS topic that is told of every outcome.',
      ),
      file: setting(
        z.string().default(''),
        'CLEARCUT_NOTIFY_FILE',
        'File that gets a line of JSON for every outcome.',
      ),
      timeout: setting(
        duration(100, minute).default(15 * second),
        'CLEARCUT_NOTIFY_TIMEOUT',
        'How long one attempt to tell a target may take.',
        'duration',
      ),
      retries: setting(
        durationList(1).default(NOTIFY_RETRIES),
        'CLEARCUT_NOTIFY_RETRIES',
        'Pauses before an event is sent again, separated by commas; after the last one it is given up and kept.',
        'duration',
      ),
      prefix: setting(
        keyPrefix().default('events/'),
        'CLEARCUT_NOTIFY_PREFIX',
        'Folder in the output bucket for events until every target has them, and for those given up.',
      ),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      enabled: setting(
        flag().default(true),
        'CLEARCUT_METRICS',
        'Serve metrics for Prometheus at `/metrics`; they name no objects.',
      ),
      port: setting(
        whole(0, 65_535).default(0),
        'CLEARCUT_METRICS_PORT',
        'Port of their own for the metrics, where the HTTP server is open to others; 0 serves them on its port.',
      ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: setting(
        oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
        'CLEARCUT_LOG_LEVEL',
        'Least severe level that is logged.',
      ),
      format: setting(
        oneOf(['auto', 'json', 'pretty']).default('auto'),
        'CLEARCUT_LOG_FORMAT',
        '`json` (one object a line), `pretty` (for people), or `auto`: pretty on a terminal.',
      ),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
