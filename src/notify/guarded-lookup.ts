import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Keeps events away from services that only this machine or network reaches: a webhook's address comes from outside,
 * and its name may resolve to anything at any time. So the addresses are looked at where the connection is made, and the
 * connection goes to the very ones that were looked at.
 */

/** Kinds of address (by ipaddr.js) that are within somebody's own network; allowed only on demand. */
const PRIVATE_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/** Last bytes of an IPv6 address that stand for an IPv4 one behind a translator (NAT64, RFC 6052). */
const IPV4_IN_NAT64 = 12;

/**
 * Whether events may be sent to this IP address. Public ones: yes. Private ones: only where `allowPrivate`. All others
 * (link-local with the metadata services of clouds, multicast, reserved, tunnels into IPv4): never.
 */
export function mayConnect(address: string, allowPrivate: boolean): boolean {
  const range = rangeOf(address);
  return range === 'unicast' || (allowPrivate && PRIVATE_RANGES.has(range));
}

function rangeOf(address: string): string {
  // An IPv4 address in IPv6 clothes counts as what it is.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'rfc6052') return parsed.range();
  return ipaddr.fromByteArray(parsed.toByteArray().slice(IPV4_IN_NAT64)).range();
}

/** The host of a URL as an IP address; undefined where it is a name, which is looked up when connecting. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

export const REFUSED =
  'its address is not a public one; CLEARCUT_NOTIFY_ALLOW_PRIVATE=true lets events go to private networks';

/** A `lookup` for sockets that knows only addresses that may be connected to. `lookup`: as that of node:dns. */
export function createGuardedLookup(
  allowPrivate: boolean,
  lookup: typeof systemLookup = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => mayConnect(address, allowPrivate));
      const [first] = allowed;
      if (first === undefined) return callback(new Error(REFUSED), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
