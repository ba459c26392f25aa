import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { isUnexplained, toS3Error } from '../../../src/storage/s3/errors.js';

const SUBJECT = { server: 'http://s3.test', bucket: 'uploads', key: 'a.png' };

/** As the SDK throws them: the code of S3 is the name, the rest of the answer's body are properties. */
function sdkError(name: string, status: number, more: Record<string, unknown> = {}): Error {
  const error = new S3ServiceException({
    name,
    message: 'the words of the server',
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status },
  });
  return Object.assign(error, more);
}

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe('errors of S3', () => {
  it.each([
    ['NoSuchKey', 404, 'OBJECT_NOT_FOUND', 'There is no object "a.png" in "uploads".'],
    ['NotFound', 404, 'OBJECT_NOT_FOUND', 'There is no object "a.png" in "uploads".'],
    ['NoSuchBucket', 404, 'BUCKET_NOT_FOUND', 'There is no bucket "uploads".'],
    ['InvalidAccessKeyId', 403, 'CREDENTIALS_REFUSED', 'http://s3.test does not know the access key.'],
    ['SignatureDoesNotMatch', 403, 'CREDENTIALS_REFUSED', 'The secret does not fit the access key'],
    ['ExpiredToken', 400, 'CREDENTIALS_REFUSED', 'refuses the session token'],
    ['AccessDenied', 403, 'ACCESS_DENIED', 'http://s3.test denies access to "a.png" in "uploads".'],
    ['403', 403, 'ACCESS_DENIED', 'http://s3.test denies access to "a.png" in "uploads".'],
    ['PreconditionFailed', 412, 'PRECONDITION_FAILED', 'is not the one that was to be replaced'],
    ['ConditionalRequestConflict', 409, 'PRECONDITION_FAILED', 'is not the one that was to be replaced'],
    ['KeyTooLongError', 400, 'KEY_INVALID', 'does not take this key'],
    ['XMinioStorageFull', 507, 'STORE_UNAVAILABLE', 'http://s3.test is full'],
    ['SlowDown', 503, 'STORE_UNAVAILABLE', 'answered 503 (SlowDown): the words of the server'],
    ['InternalError', 500, 'STORE_UNAVAILABLE', 'answered 500 (InternalError): the words of the server'],
  ])('%s (%i) are %s', (name, status, code, words) => {
    const error = toS3Error(sdkError(name, status), SUBJECT);
    expect(error).toMatchObject({ name: 'ClearcutError', code, bucket: 'uploads', key: 'a.png' });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('\n');
  });

  it.each([
    ['ECONNREFUSED', 'http://s3.test cannot be reached: nothing listens there.', 'CLEARCUT_S3_ENDPOINT'],
    ['ENOTFOUND', 'http://s3.test cannot be reached: the name is unknown.', 'CLEARCUT_S3_ENDPOINT'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is signed by itself', 'CLEARCUT_S3_CA_FILE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'an authority that is not trusted here', 'CLEARCUT_S3_CA_FILE'],
    ['CERT_HAS_EXPIRED', 'its certificate has expired', 'Renew'],
  ])('%s of the network says what to do', (code, words, remedy) => {
    const error = toS3Error(systemError(code), SUBJECT);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain(words);
    expect((error as ClearcutError).remedy).toContain(remedy);
  });

  it.each([
    ['12 minutes behind', 12 * 60_000],
    ['90 minutes ahead of', -90 * 60_000],
    ['1 minute behind', 60_000],
  ])('a wrong clock is told with its difference: %s', (words, offset) => {
    const date = new Date(Date.now() + offset).toUTCString();
    const skewed = sdkError('RequestTimeTooSkewed', 403, { $response: { headers: { date } } });
    expect(toS3Error(skewed, SUBJECT)).toMatchObject({
      code: 'CLOCK_SKEWED',
      message: `This machine's clock is ${words} that of http://s3.test.`,
    });
  });

  it('another region is named where the server names it', () => {
    const moved = sdkError('AuthorizationHeaderMalformed', 400, { Region: 'eu-central-1' });
    expect(toS3Error(moved, SUBJECT)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'The bucket "uploads" is in the region eu-central-1.',
      remedy: 'Set CLEARCUT_S3_REGION to eu-central-1.',
    });
  });

  it('keeps the words of a web page to a line', () => {
    const page = sdkError('Unknown', 502);
    page.message = `${'<html>'.repeat(100)}\n<body>secret page</body>`;
    const { message } = toS3Error(page, SUBJECT);
    expect(message.length).toBeLessThan(300);
    expect(message).not.toContain('secret page');
  });

  it.each([
    [200, 'answered 200 with something that S3 does not say'],
    [400, 'answered 400 with something that S3 does not say'],
    [502, 'http://s3.test answered 502.'],
  ])('an answer of %i that the SDK cannot read is none of S3', (status, words) => {
    const unreadable = Object.assign(new Error('XML parse error\nDeserialization error'), {
      $metadata: { httpStatusCode: status },
    });
    const error = toS3Error(unreadable, SUBJECT);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain(words);
  });

  it('leaves errors of others as they are', () => {
    const ours = new ClearcutError('KEY_INVALID', 'The key is empty.');
    const abort = new DOMException('aborted', 'AbortError');
    const streams = [ours, new TypeError('a mistake'), systemError('ENOENT'), abort];
    for (const error of streams) expect(toS3Error(error, SUBJECT)).toBe(error);
  });

  it('knows the answers that tell no reason', () => {
    expect(isUnexplained(sdkError('403', 403))).toBe(true);
    expect(isUnexplained(sdkError('Unknown', 400))).toBe(true);
    expect(isUnexplained(sdkError('AccessDenied', 403))).toBe(false);
    expect(isUnexplained(sdkError('NotFound', 404))).toBe(false);
    expect(isUnexplained(systemError('ECONNREFUSED'))).toBe(false);
  });
});
