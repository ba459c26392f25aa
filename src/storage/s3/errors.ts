import { S3ServiceException } from '@aws-sdk/client-s3';
import { ClearcutError, type ErrorCode, type ErrorSubject, messageOf, systemCodeOf } from '../../errors.js';

/** What a request was about, and whom it was sent to. */
export interface RequestSubject extends ErrorSubject {
  /** The server as people know it; see S3Clients. */
  readonly server: string;
}

/** The parts of the SDK's errors that say what happened. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  /** The server's clock, in the body of RequestTimeTooSkewed. */
  readonly ServerTime?: string;
  /** The right region, in the body of AuthorizationHeaderMalformed. */
  readonly Region?: string;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string | undefined;
}

type Explain = (error: SdkError, subject: RequestSubject) => Explanation;

/** The codes of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and of the SDK itself. */
const BY_NAME: Readonly<Record<string, Explain>> = {
  NoSuchKey: noObject,
  NoSuchBucket: noBucket,
  InvalidBucketName: (_error, { bucket }) => ({
    code: 'CONFIG_INVALID',
    message: `No bucket can be called "${bucket}".`,
    remedy: 'Use 3 to 63 of a-z, 0-9, "." and "-", first and last a letter or digit.',
  }),
  BucketAlreadyExists: (_error, { bucket }) => ({
    code: 'CONFIG_INVALID',
    message: `The bucket "${bucket}" belongs to somebody else.`,
    remedy: 'Choose another name for the bucket.',
  }),
  KeyTooLongError: keyRefused,
  InvalidObjectName: keyRefused,
  XMinioInvalidObjectName: keyRefused,
  XMinioInvalidResourceName: keyRefused,
  PreconditionFailed: otherWriter,
  ConditionalRequestConflict: otherWriter,
  InvalidAccessKeyId: (_error, { server }) => ({
    code: 'CREDENTIALS_REFUSED',
    message: `${server} does not know the access key.`,
    remedy: 'Check CLEARCUT_S3_ACCESS_KEY_ID, and that CLEARCUT_S3_ENDPOINT is the server it belongs to.',
  }),
  SignatureDoesNotMatch: (_error, { server }) => ({
    code: 'CREDENTIALS_REFUSED',
    message: `The secret does not fit the access key, says ${server}.`,
    remedy:
      'Check CLEARCUT_S3_SECRET_ACCESS_KEY; a proxy that changes the Host header or the path does this too.',
  }),
  InvalidToken: tokenRefused,
  InvalidTokenId: tokenRefused,
  ExpiredToken: tokenRefused,
  CredentialsProviderError: (error) => ({
    code: 'CREDENTIALS_REFUSED',
    message: `No credentials for S3 were found: ${oneLine(error.message)}`,
    remedy:
      'Set CLEARCUT_S3_ACCESS_KEY_ID and CLEARCUT_S3_SECRET_ACCESS_KEY, or give the machine a role or an AWS profile.',
  }),
  AccessDenied: denied,
  AllAccessDisabled: denied,
  RequestTimeTooSkewed: skewed,
  RequestExpired: skewed,
  RequestInTheFuture: skewed,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  InvalidRegion: otherRegion,
  PermanentRedirect: otherRegion,
  TemporaryRedirect: otherRegion,
  XMinioStorageFull: full,
  QuotaExceeded: full,
  TimeoutError: unreachable,
};

/** For answers whose body says nothing; those to HEAD never have one. */
const BY_STATUS: Readonly<Record<number, Explain>> = {
  301: otherRegion,
  403: denied,
  404: noObject,
  412: otherWriter,
  507: full,
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network',
};

const TRUST = 'Name the file with the certificate of its authority in CLEARCUT_S3_CA_FILE.';

const TLS: Readonly<Record<string, readonly [cause: string, remedy: string]>> = {
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate comes from an authority that is not trusted here', TRUST],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is signed by itself', TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate comes from an authority that is not known here', TRUST],
  UNABLE_TO_GET_ISSUER_CERT: ['its certificate comes from an authority that is not known here', TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its certificate comes from an authority that is not known here',
    TRUST,
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew the certificate of the server.'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', "Check this machine's clock."],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'Use a name that the certificate has in CLEARCUT_S3_ENDPOINT.',
  ],
  EPROTO: ['it does not speak TLS', 'Use http:// in CLEARCUT_S3_ENDPOINT, or turn TLS on.'],
};

/** What a request to S3 threw, as a ClearcutError; what is no error of S3, the SDK or the network stays as it is. */
export function toS3Error(thrown: unknown, subject: RequestSubject): Error {
  if (!(thrown instanceof Error)) return new Error(messageOf(thrown), { cause: thrown });
  if (thrown instanceof ClearcutError) return thrown;
  const explanation = explain(thrown, subject);
  if (explanation === undefined) return thrown;
  const { bucket, key } = subject;
  const { code, message, remedy } = explanation;
  return new ClearcutError(code, message, {
    bucket,
    key,
    cause: thrown,
    ...(remedy !== undefined && { remedy }),
  });
}

/** Whether this is an answer without a word on its reason, as HEAD gets them. */
export function isUnexplained(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || Object.hasOwn(BY_NAME, thrown.name)) return false;
  const status = statusOf(thrown);
  return status === 301 || status === 400 || status === 403;
}

export function statusOf(error: SdkError): number | undefined {
  return error.$metadata?.httpStatusCode;
}

function explain(error: SdkError, subject: RequestSubject): Explanation | undefined {
  const named = Object.hasOwn(BY_NAME, error.name) ? BY_NAME[error.name] : undefined;
  if (named !== undefined) return named(error, subject);

  const systemCode = systemCodeOf(error) ?? '';
  const tls = TLS[systemCode];
  if (tls !== undefined) {
    const [cause, remedy] = tls;
    return { code: 'STORE_UNAVAILABLE', message: `${subject.server} cannot be trusted: ${cause}.`, remedy };
  }
  if (Object.hasOwn(UNREACHABLE, systemCode)) return unreachable(error, subject);

  const status = statusOf(error);
  if (status === undefined) return undefined;
  return BY_STATUS[status]?.(error, subject) ?? otherwise(status, error, subject);
}

function noObject(_error: SdkError, { bucket, key }: RequestSubject): Explanation {
  return { code: 'OBJECT_NOT_FOUND', message: `There is no object "${key}" in "${bucket}".` };
}

function noBucket(_error: SdkError, { bucket }: RequestSubject): Explanation {
  return { code: 'BUCKET_NOT_FOUND', message: `There is no bucket "${bucket}".` };
}

function keyRefused(_error: SdkError, { server }: RequestSubject): Explanation {
  return { code: 'KEY_INVALID', message: `${server} does not take this key.` };
}

function otherWriter(): Explanation {
  return { code: 'PRECONDITION_FAILED', message: 'The object is not the one that was to be replaced.' };
}

function tokenRefused(_error: SdkError, { server }: RequestSubject): Explanation {
  return {
    code: 'CREDENTIALS_REFUSED',
    message: `${server} refuses the session token: it is wrong or has expired.`,
    remedy: 'Get new temporary credentials, and set CLEARCUT_S3_SESSION_TOKEN along with them.',
  };
}

function denied(error: SdkError, { server, bucket, key }: RequestSubject): Explanation {
  const what = key === undefined ? `the bucket "${bucket}"` : `"${key}" in "${bucket}"`;
  return {
    code: 'ACCESS_DENIED',
    message: `${server} denies access to ${bucket === undefined ? 'its buckets' : what}.`,
    remedy:
      'Let the access key read, write, delete and list in the bucket (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket).',
    ...(error.name === 'AllAccessDisabled' && { remedy: 'Ask the owner of the account.' }),
  };
}

/** A clock that is this wrong the SDK corrects by itself where the server tells the time: here it could not. */
function skewed(error: SdkError, { server }: RequestSubject): Explanation {
  const serverTime = Date.parse(error.ServerTime ?? error.$response?.headers?.['date'] ?? '');
  const minutes = Math.round((Date.now() - serverTime) / 60_000);
  const difference = Number.isNaN(minutes) ? 'far from' : clockDifference(minutes);
  return { code: 'CLOCK_SKEWED', message: `This machine's clock is ${difference} that of ${server}.` };
}

/** "12 minutes ahead of" */
export function clockDifference(minutes: number): string {
  const count = Math.abs(minutes);
  return `${count} ${count === 1 ? 'minute' : 'minutes'} ${minutes >= 0 ? 'ahead of' : 'behind'}`;
}

function otherRegion(error: SdkError, { server, bucket }: RequestSubject): Explanation {
  const region = error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
  const where = bucket === undefined ? server : `The bucket "${bucket}"`;
  return {
    code: 'CONFIG_INVALID',
    message: `${where} is in ${region === undefined ? 'another region' : `the region ${region}`}.`,
    remedy: `Set CLEARCUT_S3_REGION to ${region ?? 'the region of the bucket'}.`,
  };
}

function full(_error: SdkError, { server }: RequestSubject): Explanation {
  return {
    code: 'STORE_UNAVAILABLE',
    message: `${server} is full, or the quota is used up.`,
    remedy: 'Free space on the server, or raise the quota.',
  };
}

function unreachable(error: SdkError, { server }: RequestSubject): Explanation {
  const cause = UNREACHABLE[systemCodeOf(error) ?? ''] ?? 'no answer in time';
  return {
    code: 'STORE_UNAVAILABLE',
    message: `${server} cannot be reached: ${cause}.`,
    remedy: 'Check CLEARCUT_S3_ENDPOINT, and that the server runs.',
  };
}

function otherwise(status: number, error: SdkError, { server }: RequestSubject): Explanation {
  if (error instanceof S3ServiceException) {
    const reason = oneLine(error.message);
    const words = reason === '' || reason === error.name ? '' : `: ${reason}`;
    return { code: 'STORE_UNAVAILABLE', message: `${server} answered ${status} (${error.name})${words}` };
  }
  // The SDK could not read the answer. Proxies have pages of their own for servers that are down.
  if (status >= 500) return { code: 'STORE_UNAVAILABLE', message: `${server} answered ${status}.` };
  return {
    code: 'STORE_UNAVAILABLE',
    message: `${server} answered ${status} with something that S3 does not say.`,
    remedy:
      'Check that CLEARCUT_S3_ENDPOINT is an S3 server (with https:// if it speaks TLS), not its web console.',
  };
}

/** Servers and proxies put whole pages into messages. */
function oneLine(text: string): string {
  return (text.split('\n')[0] ?? '').trim().slice(0, 200);
}
