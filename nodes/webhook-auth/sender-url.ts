import type { RequestHead } from './contract';
import { oneHeader } from './header';

const DEFAULT_PORTS: Record<string, string> = { http: '80', https: '443' };

/** scheme, userinfo with its `@`, host, port with its `:`, the rest. No URL parser, because it would change what was signed. */
const ORIGIN = /^(https?):\/\/((?:[^/?#@]*@)?)(\[[0-9a-fA-F:.]+\]|[^/?#@:[\]\s]+)((?::\d+)?)(.*)$/s;

/** A `publicUrl` without its trailing slash. Throws an Error naming the field where it is none. */
export function readPublicUrl(text: string): string {
  const base = text.trim().replace(/\/+$/, '');
  if (base !== '' && (!ORIGIN.test(base) || /[?#\s]/.test(base))) {
    throw new Error(
      'publicUrl: expected what senders see before the path, such as https://example.com or https://example.com/red',
    );
  }
  return base;
}

/**
 * The URLs under which the sender may have signed. Without a public URL the request itself tells; behind a proxy that ends
 * TLS it arrives unencrypted, so https is tried as well. Empty where the request has no usable Host header.
 */
export function senderUrls(head: RequestHead, publicUrl: string): string[] {
  if (publicUrl !== '') return [publicUrl + head.nodeTarget];
  const host = oneHeader(head.headers, ['host']);
  if (!host) return [];
  const urls = head.encrypted ? [`https://${host}`] : [`https://${host}`, `http://${host}`];
  return urls.filter((url) => ORIGIN.test(url)).map((url) => url + head.target);
}

/** A URL as it is, with its scheme's port and without a port: senders differ in which of them they sign. */
export function portVariants(url: string): string[] {
  const match = ORIGIN.exec(url);
  if (!match) return [url];
  const [, scheme, userinfo, host, port, rest] = match;
  const start = `${scheme}://${userinfo}${host}`;
  const variants = [url];
  if (port === '') variants.push(`${start}:${DEFAULT_PORTS[scheme!]}${rest}`);
  else variants.push(`${start}${rest}`);
  return variants;
}

/** A URL for a log: no userinfo, no query. */
export function shownUrl(url: string): string {
  return url.replace(/^(https?:\/\/)[^/?#@]*@/, '$1').replace(/[?#].*$/s, '');
}

/** The values of a query parameter in a URL or target, decoded. */
export function queryValues(target: string, name: string): string[] {
  const at = target.indexOf('?');
  return at < 0 ? [] : new URLSearchParams(target.slice(at + 1)).getAll(name);
}

/** A URL with one query parameter more, everything else untouched; a fragment is dropped, it is never sent. */
export function withQuery(url: string, name: string, value: string): string {
  const bare = url.replace(/#.*$/s, '');
  const separator = bare.includes('?') ? (/[?&]$/.test(bare) ? '' : '&') : '?';
  return `${bare}${separator}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}
