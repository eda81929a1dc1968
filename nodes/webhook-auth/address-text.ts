/** A first look at an address list, for the editor, which has no node:net; the runtime reads it for good (addresses.ts). */

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);

/** The eight groups of an IPv6 address, perhaps with a zone behind it; undefined where it is none. */
function groupsOf(text: string): number[] | undefined {
  const address = text.replace(/%.*$/, '');
  const dotted = /^(.*:)([\d.]+\.[\d.]+)$/.exec(address);
  if (dotted && !IPV4.test(dotted[2]!)) return undefined;
  // An IPv4 address at the end is two groups; which ones does not matter here.
  const [head = '', tail, ...more] = (dotted ? `${dotted[1]}0:0` : address).split('::');
  const split = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = split(head);
  const after = split(tail ?? '');
  const zeros = 8 - before.length - after.length;
  if (more.length > 0 || (tail === undefined ? zeros !== 0 : zeros < 1)) return undefined;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => parseInt(group, 16))
    : undefined;
}

/** The lengths that a CIDR block of this address may have; undefined where it is no address. */
function lengths(address: string): { least: number; most: number } | undefined {
  if (IPV4.test(address)) return { least: 0, most: 32 };
  const groups = groupsOf(address);
  if (!groups) return undefined;
  // An IPv4 address in IPv6 spelling, ::ffff:10.0.0.1: its first 96 bits are fixed.
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return { least: mapped ? 96 : 0, most: 128 };
}

/** The entries of a list, between commas or blanks. */
export const entriesOf = (text: string): string[] => text.split(/[\s,]+/).filter((entry) => entry !== '');

/** The first entry that cannot be an address or a CIDR block, or undefined. */
export function badAddress(text: string): string | undefined {
  return entriesOf(text).find((entry) => {
    const [address = '', bits, ...more] = entry.split('/');
    const range = lengths(address);
    if (!range || more.length > 0) return true;
    return bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) >= range.least && Number(bits) <= range.most);
  });
}
