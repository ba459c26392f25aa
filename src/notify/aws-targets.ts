import { GetTopicAttributesCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  SendMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { messageOf, systemCodeOf } from '../errors.js';
import { EVENT_CONTENT_TYPE, type OutcomeEvent } from './outcome-event.js';
import { type Answer, failed, SENT, type Target } from './target.js';

interface AwsOptions {
  readonly region: string;
  /** Default: the SDK's own (`AWS_ENDPOINT_URL_...`, or AWS). */
  readonly endpoint?: string | undefined;
  /** Default: the AWS SDK's own search (environment, profile, role of the machine). */
  readonly credentials?: NonNullable<SQSClientConfig['credentials']> | undefined;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
}

/** Events to an SQS queue. In a queue whose name ends with `.fifo` the event's id keeps repetitions out. */
export function createSqsTarget(options: AwsOptions & { readonly queueUrl: string }): Target {
  const { queueUrl: QueueUrl } = options;
  const client = new SQSClient(clientOptions(options));
  return {
    name: 'sqs',
    send: (event, signal) =>
      attempt(options.timeoutMs, signal, (abortSignal) =>
        client.send(
          new SendMessageCommand({
            QueueUrl,
            MessageBody: event.body,
            MessageAttributes: attributesOf(event),
            ...(QueueUrl.endsWith('.fifo') && fifo(event)),
          }),
          { abortSignal },
        ),
      ),
    async check() {
      await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
      return `${QueueUrl} is there`;
    },
    close: async () => client.destroy(),
  };
}

/** Events to an SNS topic; its subscribers may filter by the attribute `ce-type`. */
export function createSnsTarget(options: AwsOptions & { readonly topicArn: string }): Target {
  const { topicArn: TopicArn } = options;
  const client = new SNSClient(clientOptions(options));
  return {
    name: 'sns',
    send: (event, signal) =>
      attempt(options.timeoutMs, signal, (abortSignal) =>
        client.send(
          new PublishCommand({
            TopicArn,
            Message: event.body,
            MessageAttributes: attributesOf(event),
            ...(TopicArn.endsWith('.fifo') && fifo(event)),
          }),
          { abortSignal },
        ),
      ),
    async check() {
      await client.send(new GetTopicAttributesCommand({ TopicArn }));
      return `${TopicArn} is there`;
    },
    close: async () => client.destroy(),
  };
}

function clientOptions({ region, endpoint, credentials, timeoutMs }: AwsOptions) {
  return {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    // The outbox tries again, and better spread.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    }),
  };
}

/** Nothing is ordered, so no event waits for another. */
function fifo({ id }: OutcomeEvent) {
  return { MessageDeduplicationId: id, MessageGroupId: id };
}

function attributesOf(event: OutcomeEvent): Record<string, MessageAttributeValue & { DataType: string }> {
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  return {
    'content-type': text(EVENT_CONTENT_TYPE),
    'ce-id': text(event.id),
    'ce-type': text(event.type),
    ...(event.traceparent !== undefined && { traceparent: text(event.traceparent) }),
  };
}

async function attempt(
  timeoutMs: number,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<unknown>,
): Promise<Answer> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    await send(AbortSignal.any([signal, late]));
    return SENT;
  } catch (thrown) {
    signal.throwIfAborted();
    if (late.aborted) return failed(`no answer within ${timeoutMs} ms`);
    return failed(messageOf(thrown) || systemCodeOf(thrown) || 'it cannot be reached');
  }
}
