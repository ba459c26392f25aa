import { outputPrefixesOf } from '../../config/cross-checks.js';
import type { Config } from '../../config/schema.js';
import { backgroundAreaOf, bucketsOf } from '../option-policy.js';

/** An IAM policy, as AWS, MinIO and Ceph understand it. */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/**
 * The least that `clearcut run`, `status`, `link`, `redrive` and `doctor` need: to read the input and the backgrounds,
 * and to write four folders of the output. `clearcut setup` itself needs more (making buckets and their rules) and runs under
 * somebody else's key. `queueArn`: the SQS queue, where one is used.
 *
 * Listing is not limited to a prefix: S3 answers 403 instead of 404 for an object that does not exist unless the
 * whole bucket may be listed.
 */
export function leastPrivilegePolicy(config: Config, queueArn?: string): Policy {
  const { input, output, events } = config;
  const backgrounds = backgroundAreaOf(config);
  const inputObjects = `arn:aws:s3:::${input.bucket}/${input.prefix}*`;
  const outputObjects = outputPrefixesOf(output).map((prefix) => `arn:aws:s3:::${output.bucket}/${prefix}*`);
  const buckets = bucketsOf(config).map((bucket) => `arn:aws:s3:::${bucket}`);
  const readActions = input.readTags ? ['s3:GetObject', 's3:GetObjectTagging'] : ['s3:GetObject'];
  const statements: Statement[] = [
    allow('ListBuckets', ['s3:ListBucket'], buckets),
    allow('ReadInput', readActions, [inputObjects]),
    allow('ReadBackgrounds', ['s3:GetObject'], [`arn:aws:s3:::${backgrounds.bucket}/${backgrounds.prefix}*`]),
    allow('GrantUploadLinks', ['s3:PutObject'], [inputObjects]),
    allow(
      'WriteOutput',
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      outputObjects,
    ),
    allow('CheckNotifications', ['s3:GetBucketNotification'], [`arn:aws:s3:::${input.bucket}`]),
  ];
  if (events.sources.includes('minio-listen')) {
    statements.push(allow('Listen', ['s3:ListenBucketNotification'], [`arn:aws:s3:::${input.bucket}`]));
  }
  if (queueArn !== undefined) {
    const actions = ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'];
    statements.push(
      allow(
        'TakeEvents',
        actions.map((action) => `sqs:${action}`),
        [queueArn],
      ),
    );
  }
  return { Version: '2012-10-17', Statement: statements };
}

function allow(sid: string, actions: readonly string[], resources: readonly string[]): Statement {
  return { Sid: sid, Effect: 'Allow', Action: actions, Resource: resources };
}
