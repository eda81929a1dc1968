import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { clockAt, head, verdict } from './support';
import { vectors } from './vectors';

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
