import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ParseS3EventsOptions, parseS3Events } from '../../../src/events/s3-events.js';

const ESCAPED = { keys: 'query-escaped' } as const;
const RAW = { keys: 'raw' } as const;

interface RecordFields {
  readonly eventName?: string;
  readonly eventSource?: string;
  readonly object?: object;
}

function record(key: string, { eventName = 's3:ObjectCreated:Put', eventSource, object }: RecordFields = {}) {
  return {
    eventVersion: '2.1',
    ...(eventSource !== undefined && { eventSource }),
    eventName,
    s3: { bucket: { name: 'uploads', arn: 'arn:aws:s3:::uploads' }, object: { key, ...object } },
  };
}

function eventBridge(detailType: string, object: object) {
  return {
    version: '0',
    source: 'aws.s3',
    'detail-type': detailType,
    detail: { version: '0', bucket: { name: 'uploads' }, object },
  };
}

/** What one record says. */
const parseRecord = (one: unknown, options: ParseS3EventsOptions) =>
  parseS3Events({ Records: [one] }, options)[0];

const sns = (message: unknown) => ({
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:eu-central-1:123456789012:uploads',
  Message: JSON.stringify(message),
});

/** As net/url's QueryEscape in Go and AWS do. */
const queryEscape = (key: string) => encodeURIComponent(key).replaceAll('%20', '+');

describe('what S3 servers send', () => {
  test('AWS: a record with everything', () => {
    const body = {
      Records: [
        record('animals/my+cat%2B1.jpg', {
          eventName: 'ObjectCreated:CompleteMultipartUpload',
          eventSource: 'aws:s3',
          object: {
            size: 1024,
            eTag: 'd41d8cd98f00b204e9800998ecf8427e-2',
            versionId: 'v1',
            sequencer: '00A1',
          },
        }),
      ],
    };
    expect(parseS3Events(JSON.stringify(body), ESCAPED)).toEqual([
      {
        kind: 'created',
        bucket: 'uploads',
        key: 'animals/my cat+1.jpg',
        size: 1024,
        etag: 'd41d8cd98f00b204e9800998ecf8427e-2',
      },
    ]);
  });

  test('AWS: the test event says nothing', () => {
    const body = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'uploads', RequestId: '5582' };
    expect(parseS3Events(body, ESCAPED)).toEqual([]);
  });

  test('MinIO: a message with its own fields around the records', () => {
    const body = {
      EventName: 's3:ObjectCreated:Put',
      Key: 'uploads/a b/ü+1.jpg',
      Records: [record('a+b%2F%C3%BC%2B1.jpg', { eventSource: 'minio:s3', object: { size: 5 } })],
    };
    expect(parseS3Events(body, ESCAPED)).toEqual([
      { kind: 'created', bucket: 'uploads', key: 'a b/ü+1.jpg', size: 5 },
    ]);
  });

  test('MinIO: a record of the Listen API has its key as it is', () => {
    const event = parseRecord(record('100%+a b%2Fc.jpg', { eventSource: 'minio:s3' }), RAW);
    expect(event?.key).toBe('100%+a b%2Fc.jpg');
  });

  test('Ceph: no s3: before the event name, the key as it is, an empty version', () => {
    const body = {
      Records: [
        record('in/dir one/100%+1.jpg', {
          eventName: 'ObjectCreated:Put',
          eventSource: 'ceph:s3',
          object: { size: 5, eTag: '5d41402a', versionId: '', metadata: [{ key: 'x-amz-meta-a', val: 'b' }] },
        }),
      ],
    };
    expect(parseS3Events(body, ESCAPED)).toEqual([
      { kind: 'created', bucket: 'uploads', key: 'in/dir one/100%+1.jpg', size: 5, etag: '5d41402a' },
    ]);
  });

  test('Ceph: older versions write etag in small letters, and none after a multipart upload', () => {
    const body = {
      Records: [
        record('a.jpg', { eventSource: 'ceph:s3', object: { etag: '5d41' } }),
        record('b.jpg', { eventSource: 'ceph:s3', object: { eTag: '' } }),
      ],
    };
    expect(parseS3Events(body, ESCAPED).map(({ etag }) => etag)).toEqual(['5d41', undefined]);
  });

  test('EventBridge: the key as it is', () => {
    const object = { key: 'my cat+100%.jpg', size: 7, etag: 'b1946ac9', 'version-id': 'v', sequencer: '00' };
    expect(parseS3Events(eventBridge('Object Created', object), ESCAPED)).toEqual([
      { kind: 'created', bucket: 'uploads', key: 'my cat+100%.jpg', size: 7, etag: 'b1946ac9' },
    ]);
    expect(parseS3Events(eventBridge('Object Deleted', { key: 'a.jpg' }), ESCAPED)).toEqual([
      { kind: 'removed', bucket: 'uploads', key: 'a.jpg' },
    ]);
    for (const other of ['Object Tags Added', 'constructor'])
      expect(parseS3Events(eventBridge(other, { key: 'a.jpg' }), ESCAPED)).toEqual([]);
  });

  test('SNS: records, EventBridge events and the test event in an envelope', () => {
    const created = [{ kind: 'created', bucket: 'uploads', key: 'my cat.jpg' }];
    expect(parseS3Events(sns({ Records: [record('my+cat.jpg')] }), ESCAPED)).toEqual(created);
    expect(parseS3Events(sns(eventBridge('Object Created', { key: 'my cat.jpg' })), ESCAPED)).toEqual(
      created,
    );
    expect(parseS3Events(sns({ Service: 'Amazon S3', Event: 's3:TestEvent' }), ESCAPED)).toEqual([]);
  });
});

test.each([
  ['s3:ObjectCreated:Put', 'created'],
  ['ObjectCreated:Copy', 'created'],
  ['s3:ObjectSynced:Create', 'created'],
  ['s3:ObjectRemoved:Delete', 'removed'],
  ['ObjectRemoved:DeleteMarkerCreated', 'removed'],
  ['s3:LifecycleExpiration:Delete', 'removed'],
  ['ObjectLifecycle:Expiration:Current', 'removed'],
  ['s3:ObjectAccessed:Get', undefined],
  ['ObjectTagging:Put', undefined],
  ['s3:Replication:OperationNotTracked', undefined],
])('%s means %s', (eventName, kind) => {
  expect(parseRecord(record('a.jpg', { eventName }), ESCAPED)?.kind).toBe(kind);
});

test('of several records those that matter are kept, in order', () => {
  const body = {
    Records: [
      record('a.jpg'),
      record('b.jpg', { eventName: 'ObjectAccessed:Get' }),
      record('c.jpg', { eventName: 'ObjectRemoved:Delete' }),
    ],
  };
  expect(parseS3Events(body, ESCAPED).map(({ kind, key }) => `${kind} ${key}`)).toEqual([
    'created a.jpg',
    'removed c.jpg',
  ]);
  expect(parseS3Events({ Records: null }, ESCAPED)).toEqual([]);
});

test('quotes around an ETag are taken off; a size or ETag that cannot be one counts as not told', () => {
  const event = (object: object) => parseRecord(record('a.jpg', { object }), ESCAPED);
  expect(event({ eTag: '"5d41"' })?.etag).toBe('5d41');
  expect(event({ eTag: 7, size: '12' })).toEqual({ kind: 'created', bucket: 'uploads', key: 'a.jpg' });
  expect(event({ eTag: null, size: -1 })).toEqual({ kind: 'created', bucket: 'uploads', key: 'a.jpg' });
});

describe('keys', () => {
  const anyKey = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 });

  test('any key survives query escaping, with slashes escaped (MinIO) or not (AWS)', () => {
    fc.assert(
      fc.property(anyKey, fc.boolean(), (key, slashes) => {
        const escaped = slashes ? queryEscape(key) : queryEscape(key).replaceAll('%2F', '/');
        expect(parseS3Events(JSON.stringify({ Records: [record(escaped)] }), ESCAPED)[0]?.key).toBe(key);
      }),
    );
  });

  test('any key survives where it is sent as it is', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const body = JSON.stringify({ Records: [record(key, { eventSource: 'ceph:s3' })] });
        expect(parseS3Events(body, ESCAPED)[0]?.key).toBe(key);
        expect(parseRecord(record(key), RAW)?.key).toBe(key);
        const bridged = sns(eventBridge('Object Created', { key }));
        expect(parseS3Events(JSON.stringify(bridged), ESCAPED)[0]?.key).toBe(key);
      }),
    );
  });
});

describe('what is not an S3 event is refused', () => {
  test.each([
    ['text', 'hello'],
    ['nothing', ''],
    ['JSON of something else', '{"order":17}'],
    ['a number', '17'],
    ['null', null],
    ['a list', []],
    ['records that are no list', { Records: 'a.jpg' }],
    ['a record that is no object', { Records: ['a.jpg'] }],
    [
      'a record without a bucket',
      { Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key: 'a' } } }] },
    ],
    ['a record with an empty key', { Records: [record('')] }],
    ['a key that is not well escaped', { Records: [record('100%.jpg')] }],
    ['a key whose bytes are not UTF-8', { Records: [record('%FF.jpg')] }],
    ['one bad record among good ones', { Records: [record('a.jpg'), record('%E0%A4%A')] }],
    ['an envelope around something else', sns({ order: 17 })],
    ['a subscription request', { Type: 'SubscriptionConfirmation', Message: 'You have chosen', Token: 't' }],
    [
      'an EventBridge event of another service',
      { 'detail-type': 'Object Created', source: 'my.app', detail: {} },
    ],
    ['an EventBridge event without a key', eventBridge('Object Created', {})],
  ])('%s', (_what, body) => {
    expect(() => parseS3Events(body, ESCAPED)).toThrow(
      expect.objectContaining({
        code: 'EVENT_INVALID',
        permanence: 'permanent',
        message: expect.stringMatching(/^The message is not an S3 event: /),
      }),
    );
  });

  test('the message says which field is wrong', () => {
    expect(() => parseRecord({ eventName: 'ObjectCreated:Put', s3: { object: { key: 'a' } } }, RAW)).toThrow(
      'missing or wrong: s3.bucket',
    );
  });

  test('whatever comes, nothing but EVENT_INVALID is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json()), (body) => {
        try {
          parseS3Events(body, ESCAPED);
        } catch (error) {
          expect(error).toMatchObject({ code: 'EVENT_INVALID' });
        }
      }),
    );
  });
});
