import {
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3';
import { MASK_RULE_ID, RULE_ID, reconcile } from './rules.js';
import { callS3, noneYet, type S3Server, unless } from './s3-calls.js';
import type { Plan, Step } from './step.js';

export interface LifecycleWish {
  readonly bucket: string;
  readonly cutoutPrefix: string;
  readonly maskPrefix: string;
  /** 0: nothing expires, and our rules are taken away. */
  readonly days: number;
}

/**
 * The rules by which the server deletes old cut-outs and masks. Records stay: they are how the sweep knows that an input was
 * done, and without them it would make every cut-out anew. Rules of others stay.
 */
export function lifecycleStep({ client, server }: S3Server, wish: LifecycleWish): Step {
  const { bucket, cutoutPrefix, maskPrefix, days } = wish;
  const rule = (id: string, prefix: string): LifecycleRule => ({
    ID: id,
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    Expiration: { Days: days },
  });
  const wanted = days === 0 ? [] : [rule(RULE_ID, cutoutPrefix), rule(MASK_RULE_ID, maskPrefix)];
  const detail =
    days === 0 ? 'cut-outs are kept' : `${cutoutPrefix}* and ${maskPrefix}* are deleted after ${days} days`;
  const unsupported = {
    message: 'the server deletes nothing by age',
    remedy: 'Set CLEARCUT_CUTOUT_EXPIRY_DAYS=0 and delete old cut-outs by a job of your own.',
  };
  return {
    name: `lifecycle of ${bucket}`,
    async plan(): Promise<Plan> {
      const answer = await callS3({ server, bucket, unsupported }, () =>
        unless(noneYet('NoSuchLifecycleConfiguration'), () =>
          client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket })),
        ),
      );
      const { isChanged, rules } = reconcile(answer?.Rules ?? [], wanted, ({ ID }) => ID, normalise);
      if (!isChanged) return { state: 'unchanged', detail };
      const apply = async () => {
        if (rules.length === 0) await client.send(new DeleteBucketLifecycleCommand({ Bucket: bucket }));
        else
          await client.send(
            new PutBucketLifecycleConfigurationCommand({
              Bucket: bucket,
              LifecycleConfiguration: { Rules: rules },
            }),
          );
      };
      return { state: 'missing', detail, apply: () => callS3({ server, bucket, unsupported }, apply) };
    },
  };
}

function normalise({ Status, Filter, Prefix, Expiration }: LifecycleRule) {
  return { Status, prefix: Filter?.Prefix ?? Prefix, days: Expiration?.Days };
}
