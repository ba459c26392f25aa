import { optionProblems } from './option-checks.js';
import type { Config } from './schema.js';

/** What is wrong between settings that are each right on their own; a line for each mistake. No line shows a secret. */
export function crossChecks(config: Config): string[] {
  return [
    ...outputProblems(config),
    ...optionProblems(config),
    ...deliveryProblems(config),
    ...s3Problems(config),
    ...inferenceProblems(config),
    ...eventProblems(config),
    ...notifyProblems(config),
    ...apiProblems(config),
    ...metricsProblems(config),
  ];
}

function outputProblems({ input, output, notify, api }: Config): string[] {
  const problems: string[] = [];
  const prefixes = [...outputPrefixesOf(output), notify.prefix, api.prefix];
  if (prefixes.some((prefix, at) => prefixes.some((other, to) => at !== to && other.startsWith(prefix)))) {
    problems.push(
      'CLEARCUT_CUTOUT_PREFIX, CLEARCUT_MASK_PREFIX, CLEARCUT_RECORD_PREFIX, CLEARCUT_DEAD_LETTER_PREFIX, CLEARCUT_NOTIFY_PREFIX, CLEARCUT_API_PREFIX: none may be empty or lie within another',
    );
  }
  const { bucket, prefix } = input;
  if (bucket === output.bucket && prefixes.some((own) => prefix !== '' && prefix.startsWith(own))) {
    problems.push(
      'CLEARCUT_INPUT_PREFIX: lies within the output of the same bucket, so output would feed input',
    );
  }
  return problems;
}

/** Folders that Clearcut writes into. */
export function outputPrefixesOf(output: Config['output']): string[] {
  return [output.cutoutPrefix, output.maskPrefix, output.recordPrefix, output.deadLetterPrefix];
}

function deliveryProblems({ delivery }: Config): string[] {
  if (delivery.retryMin <= delivery.retryMax) return [];
  return ['CLEARCUT_RETRY_MIN: is longer than CLEARCUT_RETRY_MAX'];
}

function s3Problems({ s3 }: Config): string[] {
  const problems: string[] = [];
  if ((s3.accessKeyId === '') !== (s3.secretAccessKey === '')) {
    problems.push(
      'CLEARCUT_S3_ACCESS_KEY_ID, CLEARCUT_S3_SECRET_ACCESS_KEY: set both, or neither to let the AWS SDK search',
    );
  }
  if (s3.sessionToken !== '' && s3.accessKeyId === '') {
    problems.push(
      'CLEARCUT_S3_SESSION_TOKEN: belongs to an access key, and CLEARCUT_S3_ACCESS_KEY_ID is empty',
    );
  }
  for (const [name, address] of [
    ['CLEARCUT_S3_ENDPOINT', s3.endpoint],
    ['CLEARCUT_S3_PUBLIC_ENDPOINT', s3.publicEndpoint],
  ] as const) {
    // It would be in every log line and every link.
    if (address !== '' && new URL(address).username !== '')
      problems.push(`${name}: must not hold a user name or password; use CLEARCUT_S3_ACCESS_KEY_ID`);
  }
  if (s3.publicEndpoint !== '' && s3.endpoint === '') {
    problems.push('CLEARCUT_S3_PUBLIC_ENDPOINT: needs CLEARCUT_S3_ENDPOINT');
  }
  return problems;
}

function inferenceProblems({ inference: { device, gpus } }: Config): string[] {
  if (gpus === 'all' || ['cuda', 'tensorrt', 'directml'].includes(device)) return [];
  return [`CLEARCUT_GPUS: ${device} has no choice of GPUs; leave it at \`all\``];
}

function eventProblems({ storage, s3, events }: Config): string[] {
  const problems: string[] = [];
  const has = (source: (typeof events.sources)[number]) => events.sources.includes(source);
  const ofS3 = events.sources.filter((source) => source !== 'directory');
  if (storage.kind === 's3' && has('directory')) {
    problems.push('CLEARCUT_EVENTS: `directory` watches folders, and CLEARCUT_STORE is s3');
  }
  if (storage.kind === 'directory' && ofS3.length > 0) {
    problems.push(`CLEARCUT_EVENTS: ${ofS3.join(', ')}: tell of objects in S3; set CLEARCUT_STORE=s3`);
  }
  if (has('minio-listen') && s3.endpoint === '') {
    problems.push("CLEARCUT_EVENTS: `minio-listen` needs MinIO's address in CLEARCUT_S3_ENDPOINT");
  }
  if (has('webhook') && events.webhookToken === '') {
    problems.push('CLEARCUT_WEBHOOK_TOKEN: `webhook` needs a token, or anybody could send events');
  }
  if (has('sqs') && events.sqsUrl === '') {
    problems.push('CLEARCUT_SQS_URL: `sqs` needs the URL of the queue');
  }
  if (events.targetArn !== '' && !/^arn:[^:]+:(sqs|sns):[^:]*:[^:]*:.+$/.test(events.targetArn)) {
    problems.push(
      'CLEARCUT_EVENTS_TARGET_ARN: expected the ARN of a queue or topic, such as arn:minio:sqs::CLEARCUT:nats',
    );
  }
  return problems;
}

function notifyProblems({ events, notify }: Config): string[] {
  const problems: string[] = [];
  const addresses = notify.webhooks.map(({ url }) => url);
  if (new Set(addresses).size < addresses.length) {
    problems.push(
      'CLEARCUT_NOTIFY_WEBHOOKS: one address is there twice; give it all its secrets in one place',
    );
  }
  if (notify.natsSubject !== '' && notify.natsSubject === events.natsSubject) {
    problems.push(
      'CLEARCUT_NOTIFY_NATS_SUBJECT: is the subject that events come from (CLEARCUT_NATS_SUBJECT)',
    );
  }
  if (notify.natsSubject !== '' && !/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(notify.natsSubject)) {
    problems.push(
      'CLEARCUT_NOTIFY_NATS_SUBJECT: expected a subject without wildcards, such as clearcut.outcomes',
    );
  }
  if (notify.sqsUrl !== '' && notify.sqsUrl === events.sqsUrl) {
    problems.push('CLEARCUT_NOTIFY_SQS_URL: is the queue that events come from (CLEARCUT_SQS_URL)');
  }
  if (notify.snsArn !== '' && !/^arn:[^:]+:sns:[^:]+:[^:]+:.+$/.test(notify.snsArn)) {
    problems.push('CLEARCUT_NOTIFY_SNS_ARN: expected the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME)');
  }
  return problems;
}

function apiProblems({ api, input }: Config): string[] {
  const problems: string[] = [];
  for (const origin of api.corsOrigins) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    problems.push(
      `CLEARCUT_API_CORS_ORIGINS: expected origins such as https://shop.example, not ${JSON.stringify(origin)}`,
    );
  }
  // A token may have two entries while it rotates, but both must say the same of it.
  const scopesOf = new Map<string, string>();
  for (const { name, scopes } of api.tokens) {
    const text = [...scopes].sort().join('+');
    if ((scopesOf.get(name) ?? text) !== text)
      problems.push(`CLEARCUT_API_TOKENS: the entries of ${name} have different scopes`);
    scopesOf.set(name, text);
  }
  if (Buffer.byteLength(input.prefix) > MAX_INPUT_PREFIX_BYTES) {
    problems.push(
      `CLEARCUT_INPUT_PREFIX: longer than ${MAX_INPUT_PREFIX_BYTES} bytes, which leaves no room for the keys of batches`,
    );
  }
  return problems;
}

/** Behind it come the folder of a batch, a name, and the endings of outputs. */
const MAX_INPUT_PREFIX_BYTES = 500;

function metricsProblems({ server, metrics }: Config): string[] {
  if (metrics.port === 0 || metrics.port !== server.port) return [];
  return ['CLEARCUT_METRICS_PORT: is CLEARCUT_HTTP_PORT; leave it at 0 to serve both on one port'];
}
