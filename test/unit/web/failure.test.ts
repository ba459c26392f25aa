import { describe, expect, it } from 'vitest';
import { Failure, failureOf, failureOfAnswer, failureOfUpload } from '../../../web/ui/failure.js';

describe('a failure of the API', () => {
  it('says what the service says', () => {
    const problem = {
      status: 400,
      code: 'OPTIONS_INVALID',
      detail: 'No such colour.',
      remedy: 'Name another.',
    };
    expect(failureOfAnswer(400, problem)).toMatchObject({
      message: 'No such colour.',
      remedy: 'Name another.',
      status: 400,
      code: 'OPTIONS_INVALID',
    });
  });

  it('names every mistake that the service found, once', () => {
    const errors = [
      { path: 'body/files/0/options/format', message: 'expected png' },
      { path: 'body/files/1/options/format', message: 'expected png' },
      { path: 'body/files/0/name', message: 'is too long' },
    ];
    const { message, files } = failureOfAnswer(400, {
      detail: 'The request does not fit.',
      remedy: 'r',
      errors,
    });
    expect(message).toBe('The request does not fit. options/format: expected png; name: is too long');
    expect([...files.keys()]).toEqual([0, 1]);
  });

  it.each([
    [404, 'CLEARCUT_API_TOKENS'],
    [418, 'Try again in a while.'],
    [503, 'Try again in a while.'],
  ])('has words of its own where a proxy answers with status %i', (status, remedy) => {
    const failure = failureOfAnswer(status, '<html>');
    expect(failure.message).not.toBe('');
    expect(failure.remedy).toContain(remedy);
  });
});

describe('a failure of an upload', () => {
  it.each([
    [0, '', 'CLEARCUT_S3_CORS_ORIGINS'],
    [403, '<Error><Code>AccessDenied</Code></Error>', 'Drop the file again.'],
    [400, '<Error><Code>EntityTooLarge</Code><Message>m</Message></Error>', 'Make it smaller'],
    [413, '', 'Make it smaller'],
    [507, '', 'Try again in a while.'],
    [
      413,
      '{"detail":"Too large: 3 of 2 MB.","remedy":"Shrink it.","code":"IMAGE_TOO_MANY_BYTES"}',
      'Shrink it.',
    ],
  ])('with status %i and %s says what to do', (status, body, remedy) => {
    expect(failureOfUpload(status, body).remedy).toContain(remedy);
    expect(failureOfUpload(status, body).status).toBe(status);
  });
});

it('whatever is thrown becomes a failure', () => {
  const failure = new Failure('m', 'r');
  expect(failureOf(failure)).toBe(failure);
  expect(failureOf(new TypeError('odd'))).toMatchObject({
    message: 'odd',
    remedy: expect.stringContaining('Reload'),
  });
});
