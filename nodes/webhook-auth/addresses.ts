import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import { entriesOf } from './address-text';
import type { AddressVerdict } from './contract';

/** An address in one spelling: no zone, IPv4-mapped IPv6 as IPv4; undefined where the text is no address. */
function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const bare = text.includes('%') ? text.slice(0, text.indexOf('%')) : text;
  if (!isIPv6(bare)) return undefined;
  const canonical = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  return canonical.startsWith('::ffff:') && isIPv4(canonical.slice(7)) ? canonical.slice(7) : canonical;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');

function add(list: BlockList, entry: string): boolean {
  const [text, length, ...more] = entry.split('/');
  const address = plainAddress(text!);
  if (address === undefined || more.length > 0) return false;
  const family = familyOf(address);
  if (length === undefined) {
    list.addAddress(address, family);
    return true;
  }
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8 in IPv4-mapped spelling.
  const mapped = family === 'ipv4' && text!.includes(':');
  const bits = Number(length) - (mapped ? 96 : 0);
  if (!/^\d{1,3}$/.test(length) || bits < 0 || bits > (family === 'ipv4' ? 32 : 128)) return false;
  list.addSubnet(address, bits, family);
  return true;
}

/** A set of addresses and CIDR blocks, or undefined for a blank text. Throws an Error naming the field and the bad entry. */
export function readAddresses(text: string, field: string): ((address: string) => boolean) | undefined {
  const entries = entriesOf(text);
  if (entries.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of entries) {
    if (!add(list, entry)) {
      throw new Error(`${field}: "${entry}" is no address; expected such as 192.168.1.20, 10.0.0.0/8 or fd00::/8`);
    }
  }
  return (address) => list.check(address, familyOf(address));
}

/** One entry of X-Forwarded-For: an address, perhaps with a port, in quotes or brackets. */
function forwardedAddress(entry: string): string | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed) return plainAddress(bracketed[1]!);
  const withPort = /^([\d.]+):\d+$/.exec(text);
  return plainAddress(withPort ? withPort[1]! : text);
}

/**
 * Who is calling and whether it may. Only a trusted proxy may name another caller, and its X-Forwarded-For is read from the
 * right: what stands further left was written by whoever called the first proxy that is not trusted, and may be forged.
 * @param allow as `readAddresses` gives it; undefined = anyone
 * @param trusted likewise; undefined = nobody
 */
export function addressCheck(
  allow: ((address: string) => boolean) | undefined,
  trusted: ((address: string) => boolean) | undefined,
): (remote: string, forwardedFor: string[] | undefined) => AddressVerdict {
  const verdict = (address: string): AddressVerdict => ({ address, allowed: allow ? allow(address) : true });
  return (remote, forwardedFor) => {
    const connection = plainAddress(remote);
    if (connection === undefined) return { address: remote, allowed: !allow };
    if (!trusted?.(connection) || !forwardedFor) return verdict(connection);
    let address = connection;
    const chain = forwardedFor.join(',');
    for (let end = chain.length; end >= 0; ) {
      const comma = end === 0 ? -1 : chain.lastIndexOf(',', end - 1);
      const entry = chain.slice(comma + 1, end);
      end = comma;
      // An empty header, or one that only the first proxy left empty.
      if (entry.trim() === '') continue;
      const named = forwardedAddress(entry);
      // What a trusted proxy wrote cannot be read: nobody can say who called, so an allow list has to refuse.
      if (named === undefined) return { address, allowed: !allow };
      address = named;
      if (!trusted(named)) break;
    }
    return verdict(address);
  };
}
