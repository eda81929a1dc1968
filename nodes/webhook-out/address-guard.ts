import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DeliveryError } from './delivery-error';

/** Where a cloud machine's credentials are handed out to whoever asks from inside, and link-local neighbours: never a webhook receiver. */
const REFUSED = new BlockList();
REFUSED.addSubnet('fe80::', 10, 'ipv6');
REFUSED.addAddress('fd00:ec2::254', 'ipv6'); // AWS
REFUSED.addAddress('fd20:ce::254', 'ipv6'); // Google Cloud

const REFUSED_IPV4: [address: string, bits: number][] = [
  ['169.254.0.0', 16], // link-local, and the metadata service of most clouds
  ['100.100.100.200', 32], // Alibaba Cloud
  ['168.63.129.16', 32], // Azure's wire server
  ['192.0.0.192', 32], // Oracle Cloud
];

/**
 * The ways to write an IPv4 address in IPv6: IPv4-compatible (RFC 4291, 2.5.5.1), IPv4-translated (RFC 2765), NAT64 (RFC 6052, 8215);
 * 6to4 (RFC 3056) is below. IPv4-mapped addresses need no rule: those for IPv4 cover them.
 */
const EMBEDDING = ['::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'];

for (const [address, bits] of REFUSED_IPV4) {
  REFUSED.addSubnet(address, bits, 'ipv4');
  for (const prefix of EMBEDDING) REFUSED.addSubnet(prefix + address, 96 + bits, 'ipv6');
  const hex = Buffer.from(address.split('.').map(Number)).toString('hex');
  REFUSED.addSubnet(`2002:${hex.slice(0, 4)}:${hex.slice(4)}::`, 16 + bits, 'ipv6');
}

/** Whether an address (not a name) is link-local or a cloud's metadata service. False for what is not an address. */
export function isRefusedAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  const family = isIP(bare);
  return family !== 0 && REFUSED.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** The error for a receiver at such an address. */
export function addressRefused(host: string): DeliveryError {
  return new DeliveryError(
    'ADDRESS_REFUSED',
    `${host} is at a link-local or cloud metadata address; tick "allow link-local and cloud metadata addresses" if that is what you want`,
  );
}

/**
 * Resolves names for connections and leaves refused addresses out, so that the address that was checked is the one connected to.
 * A name with refused addresses alone is an error; one with others as well (`.local` names often have a link-local one too) is reached by those.
 * @param resolve the lookup underneath, default the system's
 */
export function guardedLookup(resolve: LookupFunction = systemLookup as LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '', 0);
        return;
      }
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const allowed = addresses.filter((entry) => !isRefusedAddress(entry.address));
      const first = allowed[0];
      if (!first) callback(addressRefused(hostname), '', 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
