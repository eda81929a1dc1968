import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/node-red';

/** A request that a provider publishes, with what a verifier must say of it; `source` in the data names where. */
export interface Vector {
  id: string;
  scheme: string;
  kind: 'verify' | 'handshake';
  secret: string;
  headers: Record<string, string>;
  method: string;
  url: string;
  body: string;
  bodyEncoding: BufferEncoding;
  /** Seconds since 1970 at which the verdict holds; null = no time involved. */
  now: number | null;
  options?: { tolerance?: number; timestampHeader?: string | null; publicUrl?: string };
  expect: 'accept' | 'reject';
  expectResponse?: { status: number[]; json: unknown };
  why: string;
}

const all: Vector[] = JSON.parse(readFileSync(path.join(root, 'test', 'data', 'vectors.json'), 'utf8'));

/** Those of the schemes that webhook auth knows. */
export const vectors = all.filter(({ scheme, kind }) =>
  kind === 'verify' || kind === 'handshake'
    ? ['standard-webhooks', 'svix', 'github', 'stripe', 'shopify', 'slack', 'twilio', 'netatmo', 'grafana'].includes(
        scheme,
      )
    : false,
);
