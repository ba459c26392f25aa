import {
  type CORSRule,
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
} from '@aws-sdk/client-s3';
import { RULE_ID, reconcile } from './rules.js';
import { callS3, noneYet, type S3Server, unless } from './s3-calls.js';
import type { Plan, Step } from './step.js';

export interface CorsWish {
  readonly bucket: string;
  /** Origins of the web pages, such as `https://shop.example`; none takes our rule away. */
  readonly origins: readonly string[];
  readonly methods: readonly ('GET' | 'HEAD' | 'PUT' | 'POST')[];
}

const ONE_HOUR = 3600;

/** The rule that lets web pages of other origins use links to the bucket. Rules of others stay. */
export function corsStep({ client, server }: S3Server, { bucket, origins, methods }: CorsWish): Step {
  const wanted: CORSRule | undefined =
    origins.length === 0
      ? undefined
      : {
          ID: RULE_ID,
          AllowedOrigins: [...origins],
          AllowedMethods: [...methods],
          AllowedHeaders: ['*'],
          ExposeHeaders: ['ETag'],
          MaxAgeSeconds: ONE_HOUR,
        };
  const detail =
    wanted === undefined
      ? 'no origin is allowed by Clearcut'
      : `${methods.join(', ')} from ${origins.join(', ')}`;
  const unsupported = {
    message: 'the server keeps no CORS rules for a bucket',
    remedy:
      'Set it for the whole server; MinIO allows every origin unless MINIO_API_CORS_ALLOW_ORIGIN says otherwise.',
  };
  return {
    name: `CORS of ${bucket}`,
    async plan(): Promise<Plan> {
      const answer = await callS3({ server, bucket, unsupported }, () =>
        unless(noneYet('NoSuchCORSConfiguration'), () =>
          client.send(new GetBucketCorsCommand({ Bucket: bucket })),
        ),
      );
      const { isChanged, rules } = reconcile(
        answer?.CORSRules ?? [],
        wanted === undefined ? [] : [wanted],
        ({ ID }) => ID,
        normalise,
      );
      if (!isChanged) return { state: 'unchanged', detail };
      const apply = async () => {
        if (rules.length === 0) await client.send(new DeleteBucketCorsCommand({ Bucket: bucket }));
        else
          await client.send(
            new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules } }),
          );
      };
      return { state: 'missing', detail, apply: () => callS3({ server, bucket, unsupported }, apply) };
    },
  };
}

function normalise(rule: CORSRule) {
  const sorted = (words: readonly string[] = []) => [...words].sort();
  return {
    origins: sorted(rule.AllowedOrigins),
    methods: sorted(rule.AllowedMethods),
    headers: sorted(rule.AllowedHeaders),
    exposed: sorted(rule.ExposeHeaders),
    maxAge: rule.MaxAgeSeconds,
  };
}
