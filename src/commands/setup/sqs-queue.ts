import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Config } from '../../config/schema.js';
import { explainQueueError } from '../../events/sqs/queue-errors.js';
import { staticCredentialsOf } from '../event-settings.js';

/** The ARN of the SQS queue and how many messages wait in it. Throws a ClearcutError where it cannot be asked. */
export async function describeQueue(config: Config): Promise<{ arn: string; waiting: number }> {
  const { sqsUrl } = config.events;
  const credentials = staticCredentialsOf(config);
  const client = new SQSClient({
    region: config.s3.region,
    endpoint: new URL(sqsUrl).origin,
    ...(credentials !== undefined && { credentials }),
  });
  try {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: sqsUrl,
        AttributeNames: ['QueueArn', 'ApproximateNumberOfMessages'],
      }),
    );
    return {
      arn: Attributes['QueueArn'] ?? '',
      waiting: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
    };
  } catch (thrown) {
    throw explainQueueError(thrown, sqsUrl);
  } finally {
    client.destroy();
  }
}
