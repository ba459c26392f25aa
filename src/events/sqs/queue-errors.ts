import { ClearcutError, messageOf, systemCodeOf } from '../../errors.js';

interface Explanation {
  readonly what: string;
  readonly remedy: string;
}

const NO_QUEUE: Explanation = {
  what: 'does not exist',
  remedy: 'Create it, or correct CLEARCUT_SQS_URL.',
};
const WRONG_CREDENTIALS: Explanation = {
  what: 'refuses the credentials',
  remedy: 'Correct the access key and secret, or the role of the machine.',
};

/** By the names that the queue's answers carry. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  QueueDoesNotExist: NO_QUEUE,
  InvalidAddress: NO_QUEUE,
  AccessDenied: {
    what: 'denies access',
    remedy: 'Allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue.',
  },
  InvalidClientTokenId: WRONG_CREDENTIALS,
  SignatureDoesNotMatch: WRONG_CREDENTIALS,
  ExpiredToken: WRONG_CREDENTIALS,
  CredentialsProviderError: {
    what: 'needs credentials, and none were found',
    remedy: 'Set an access key, or give the machine a role.',
  },
};

const ALIASES: Readonly<Record<string, string>> = {
  'AWS.SimpleQueueService.NonExistentQueue': 'QueueDoesNotExist',
  AccessDeniedException: 'AccessDenied',
  UnrecognizedClientException: 'InvalidClientTokenId',
};

/** What receiving from the queue threw, in words: CONFIG_INVALID where waiting cannot help. */
export function explainQueueError(thrown: unknown, queueUrl: string): ClearcutError {
  if (thrown instanceof ClearcutError) return thrown;
  const name = thrown instanceof Error ? (ALIASES[thrown.name] ?? thrown.name) : '';
  const known = EXPLANATIONS[name];
  if (known !== undefined) {
    const message = `The SQS queue ${queueUrl} ${known.what} (${name}).`;
    return new ClearcutError('CONFIG_INVALID', message, { remedy: known.remedy, cause: thrown });
  }
  // Connecting to several addresses of a host throws an error without a message.
  const reason = messageOf(thrown) || systemCodeOf(thrown) || name;
  const message = `The SQS queue ${queueUrl} gives no messages: ${reason}`;
  return new ClearcutError('EVENT_SOURCE_UNAVAILABLE', message, { cause: thrown });
}
