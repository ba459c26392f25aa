import { describe, expect, test } from 'vitest';
import { parseServers } from '../../../src/events/nats/servers.js';

describe('addresses of NATS servers', () => {
  test.each([
    ['nats://broker', { servers: ['broker:4222'] }],
    ['broker', { servers: ['broker:4222'] }],
    ['broker:5222', { servers: ['broker:5222'] }],
    [' nats://broker:5222/ ', { servers: ['broker:5222'] }],
    ['nats://[::1]:4222', { servers: ['[::1]:4222'] }],
    ['tls://broker', { servers: ['broker:4222'], tls: {} }],
    ['nats://ann:p%40ss@broker', { servers: ['broker:4222'], user: 'ann', pass: 'p@ss' }],
    ['nats://s3cr%20t@broker', { servers: ['broker:4222'], token: 's3cr t' }],
  ])('%s', (address, expected) => {
    expect(parseServers([address])).toEqual(expected);
  });

  test('several servers share the user of the first address that has one', () => {
    expect(parseServers(['nats://a', 'nats://ann:secret@b', 'nats://bob:other@c'])).toEqual({
      servers: ['a:4222', 'b:4222', 'c:4222'],
      user: 'ann',
      pass: 'secret',
    });
  });

  test.each([[[]], [['']], [['http://broker']], [['nats://']], [['nats://ann:secret@bro ker']]])(
    '%j is refused, without showing a password',
    (addresses) => {
      let message = '';
      expect(() => {
        try {
          parseServers(addresses);
        } catch (error) {
          message = String(error);
          throw error;
        }
      }).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
      expect(message).not.toContain('secret');
    },
  );
});
