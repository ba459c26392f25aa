import type { lookup } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { createGuardedLookup, literalAddress, mayConnect } from '../../../src/notify/guarded-lookup.js';

describe('addresses', () => {
  test.each([
    ['93.184.216.34', true, true],
    ['2606:2800:220:1:248:1893:25c8:1946', true, true],
    ['127.0.0.1', false, true],
    ['10.1.2.3', false, true],
    ['192.168.0.9', false, true],
    ['100.64.0.1', false, true],
    ['::1', false, true],
    ['fd12::1', false, true],
    ['::ffff:127.0.0.1', false, true],
    ['::ffff:93.184.216.34', true, true],
    // Behind NAT64 an IPv4 address is what counts.
    ['64:ff9b::5db8:d822', true, true],
    ['64:ff9b::a00:1', false, true],
    // Never: metadata services, and what is no host.
    ['169.254.169.254', false, false],
    ['::ffff:169.254.169.254', false, false],
    ['64:ff9b::a9fe:a9fe', false, false],
    ['fe80::1', false, false],
    ['0.0.0.0', false, false],
    ['::', false, false],
    ['224.0.0.1', false, false],
    ['255.255.255.255', false, false],
    ['2002:7f00:1::', false, false],
  ])('%s: %s, and %s where private ones are allowed', (address, usually, whenPrivate) => {
    expect(mayConnect(address, false)).toBe(usually);
    expect(mayConnect(address, true)).toBe(whenPrivate);
  });

  test.each([
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://[::1]:80/', '::1'],
    ['http://shop.example/', undefined],
  ])('%s is the address %s', (url, address) => {
    expect(literalAddress(new URL(url))).toBe(address);
  });
});

describe('looking up a name', () => {
  type Addresses = Array<{ address: string; family: number }>;
  const resolvingTo = (...addresses: string[]) =>
    ((_host: string, _options: unknown, done: (error: null, found: Addresses) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof lookup;

  function look(found: typeof lookup, all: boolean, allowPrivate = false) {
    return new Promise((resolve, reject) => {
      createGuardedLookup(allowPrivate, found)('shop.example', { all }, (error, addresses) =>
        error === null ? resolve(addresses) : reject(error),
      );
    });
  }

  test('gives the socket only addresses that it may connect to', async () => {
    const mixed = resolvingTo('10.0.0.1', '93.184.216.34', '::1');
    expect(await look(mixed, true)).toEqual([{ address: '93.184.216.34', family: 4 }]);
    expect(await look(mixed, false)).toBe('93.184.216.34');
  });

  test('fails where none is left', async () => {
    await expect(look(resolvingTo('127.0.0.1', '::1'), true)).rejects.toThrow(/not a public one/);
    expect(await look(resolvingTo('127.0.0.1'), false, true)).toBe('127.0.0.1');
  });
});
