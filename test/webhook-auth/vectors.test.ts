import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { root } from '../support/node-red';
import { clockAt, head, verdict } from './support';

interface Vector {
  id: string;
  scheme: string;
  kind: 'verify' | 'handshake';
  secret: string;
  headers: Record<string, string>;
  method: string;
  url: string;
  body: string;
  bodyEncoding: BufferEncoding;
  now: number | null;
  options?: { tolerance?: number; timestampHeader?: string | null; publicUrl?: string };
  expect: 'accept' | 'reject';
  expectResponse?: { status: number[]; json: unknown };
  why: string;
}

const vectors: Vector[] = JSON.parse(readFileSync(path.join(root, 'test', 'data', 'vectors.json'), 'utf8'));

describe('published vectors', () => {
  for (const vector of vectors) {
    it(`${vector.expect} ${vector.id}: ${vector.why}`, () => {
      const { publicUrl, ...options } = vector.options ?? {};
      // A vector names the whole URL; the node's field ends before the path.
      const config = {
        scheme: vector.scheme,
        ...options,
        ...(publicUrl ? { publicUrl: publicUrl.replace(/^(https?:\/\/[^/]*).*$/, '$1') } : {}),
      };
      const auth = createAuth(config, { secret: vector.secret }, clockAt(vector.now ?? 1_800_000_000));
      const request = head(vector.url, vector.headers, vector.method);
      const body = Buffer.from(vector.body, vector.bodyEncoding);
      const seen = verdict(auth.verifier, request, body);
      assert.equal(seen === 'accept' ? 'accept' : 'reject', vector.expect, seen);
      if (vector.secret === '') assert.equal(seen, 'misconfigured');
      if (!vector.expectResponse) return;
      const answer = auth.verifier.handshake?.(JSON.parse(vector.body));
      assert.deepEqual(JSON.parse(answer!.body), vector.expectResponse.json);
      assert.ok(vector.expectResponse.status.includes(answer!.status));
    });
  }
});
