/** A first look at an address list, for the editor, which has no node:net; the runtime reads it for good (addresses.ts). */

const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const IPV6 = /^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(\.\d+\.\d+\.\d+)?$/i;

/** The first entry that cannot be an address or a CIDR block, or undefined. */
export function badAddress(text: string): string | undefined {
  return text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .find((entry) => {
      const [address, bits, ...more] = entry.split('/');
      const bare = address!.replace(/%.*$/, '');
      const most = IPV4.test(bare) ? 32 : IPV6.test(bare) ? 128 : -1;
      if (most < 0 || more.length > 0) return true;
      return bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    });
}
