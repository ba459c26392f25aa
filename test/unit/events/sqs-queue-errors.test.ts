import { SQSServiceException } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { explainQueueError } from '../../../src/events/sqs/queue-errors.js';

const QUEUE = 'https://sqs.eu-central-1.amazonaws.com/123456789012/uploads';

const answer = (name: string) =>
  new SQSServiceException({ name, message: 'said the queue', $fault: 'client', $metadata: {} });

describe('what the queue answers, in words', () => {
  test.each([
    ['QueueDoesNotExist', 'does not exist', /Create it/],
    ['AWS.SimpleQueueService.NonExistentQueue', 'does not exist', /Create it/],
    ['AccessDenied', 'denies access', /sqs:ReceiveMessage/],
    ['AccessDeniedException', 'denies access', /sqs:ReceiveMessage/],
    ['InvalidClientTokenId', 'refuses the credentials', /access key/],
    ['SignatureDoesNotMatch', 'refuses the credentials', /access key/],
  ])('%s: the queue %s, and waiting cannot help', (name, what, remedy) => {
    const error = explainQueueError(answer(name), QUEUE);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(`${QUEUE} ${what}`);
    expect(error.remedy).toMatch(remedy);
  });

  test('anything else is transient and keeps its reason', () => {
    const error = explainQueueError(answer('RequestThrottled'), QUEUE);
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_UNAVAILABLE', permanence: 'transient' });
    expect(error.message).toContain('said the queue');
  });

  test('an error without a message is told by its code', () => {
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(explainQueueError(refused, QUEUE).message).toBe(
      `The SQS queue ${QUEUE} gives no messages: ECONNREFUSED`,
    );
  });
});
