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
  ];
}

function outputProblems({ input, output }: Config): string[] {
  const problems: string[] = [];
  const prefixes = outputPrefixesOf(output);
  if (prefixes.some((prefix, at) => prefixes.some((other, to) => at !== to && other.startsWith(prefix)))) {
    problems.push(
      'CLEARCUT_CUTOUT_PREFIX, CLEARCUT_MASK_PREFIX, CLEARCUT_RECORD_PREFIX, CLEARCUT_DEAD_LETTER_PREFIX: none may be empty or lie within another',
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
