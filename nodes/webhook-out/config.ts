import { flagOption, numberOption } from '../shared/options';
import { configuredHeaders, type Headers } from './request-headers';

/** The fields of the node as the flow file has them; every one may be missing or of the wrong type. */
export interface RawConfig {
  url?: unknown;
  method?: unknown;
  headers?: unknown;
  timeout?: unknown;
  maxResponse?: unknown;
  allowLinkLocal?: unknown;
}

export interface OutConfig {
  /** Undefined: each message names its own in `msg.url`. */
  url?: URL;
  method: string;
  headers: Headers;
  /** Milliseconds for the whole request, from the first look-up to the last byte of the answer. */
  timeoutMs: number;
  /** Bytes of the answer's body. */
  maxResponse: number;
  allowLinkLocal: boolean;
}

export const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;

/**
 * Reads a URL to send to.
 * @throws Error that names `field`; the URL itself is not repeated, since it may hold a secret
 */
export function targetUrl(text: string, field: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text.trim());
  } catch {
    // Said below.
  }
  // The text, not the protocol: `http:x` parses too.
  if (!url || !/^\s*https?:\/\//i.test(text)) {
    throw new Error(`${field}: expected a full URL that starts with http:// or https://`);
  }
  url.hash = '';
  return url;
}

/** Reads the node's fields with the defaults of the documentation. @throws Error that names the field and the value expected */
export function readConfig(raw: RawConfig): OutConfig {
  const method = typeof raw.method === 'string' && raw.method !== '' ? raw.method.toUpperCase() : 'POST';
  if (!METHODS.some((known) => known === method)) throw new Error(`method: expected one of ${METHODS.join(', ')}`);
  const url = typeof raw.url === 'string' ? raw.url.trim() : '';
  return {
    ...(url === '' ? {} : { url: targetUrl(url, 'url') }),
    method,
    headers: configuredHeaders(raw.headers),
    timeoutMs: numberOption(raw, 'timeout', 30, { min: 0.001, max: 86_400 }) * 1000,
    maxResponse: numberOption(raw, 'maxResponse', 1_048_576, { min: 1, max: 1_073_741_824 }),
    allowLinkLocal: flagOption(raw, 'allowLinkLocal', false),
  };
}
