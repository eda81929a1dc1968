/** Names that lead nowhere but into a local network (RFC 6761, 6762, 8375, and what home routers use). */
const LOCAL_NAMES = /(^|\.)(localhost|local|lan|home|internal|home\.arpa|test|localdomain)$/;

/** Whether the URL is a path of the Node-RED that the node runs in, below its httpNodeRoot. */
export function isOwnPath(url: string): boolean {
  return url.startsWith('/') && !url.startsWith('//');
}

/** Whether events can be sent there at all: an http or https address, or a path of this Node-RED. */
export function isTarget(url: string): boolean {
  return isOwnPath(url) || (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol));
}

/** Whether load sent to this URL stays on this machine or in a private network; a path means this Node-RED itself. */
export function isPrivateTarget(target: string): boolean {
  if (isOwnPath(target)) return true;
  let host: string;
  try {
    host = new URL(target).hostname.toLowerCase().replace(/^\[|\]$/g, '');
  } catch {
    return true;
  }
  if (host.includes(':')) return /^(::1$|f[cd]|fe[89ab])/.test(host) || isPrivateMapped(host);
  const parts = host.split('.').map(Number);
  if (parts.length === 4 && parts.every((part) => part >= 0 && part <= 255)) return isPrivateV4(parts[0]!, parts[1]!);
  return !host.includes('.') || LOCAL_NAMES.test(host);
}

function isPrivateV4(a: number, b: number): boolean {
  return (
    a === 127 ||
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b <= 127)
  );
}

/** `::ffff:7f00:1`, as URL writes an IPv4 address mapped into IPv6. */
function isPrivateMapped(host: string): boolean {
  const high = /^::ffff:([0-9a-f]{1,4}):[0-9a-f]{1,4}$/.exec(host)?.[1];
  if (high === undefined) return false;
  const value = Number.parseInt(high, 16);
  return isPrivateV4(value >> 8, value & 255);
}
