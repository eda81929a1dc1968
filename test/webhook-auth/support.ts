import assert from 'node:assert/strict';
import type { Clock } from '../../nodes/shared/clock';
import { type AuthConfig, type AuthCredentials, createAuth } from '../../nodes/webhook-auth/auth';
import type { AuthRefusal, RequestHead, Verifier } from '../../nodes/webhook-auth/contract';
import { FakeClock } from '../support/fake-clock';

/** Request headers as Node.js hands them over: lower case, UTF-8 bytes spelt in Latin-1, every value kept. */
export function distinct(headers: Record<string, string | string[]>): NodeJS.Dict<string[]> {
  const result: NodeJS.Dict<string[]> = {};
  for (const [name, value] of Object.entries(headers)) result[name.toLowerCase()] = [value].flat();
  return result;
}

export function head(url: string, headers: Record<string, string | string[]> = {}, method = 'POST'): RequestHead {
  const { protocol, host } = new URL(url);
  const target = url.slice(url.indexOf('/', url.indexOf('//') + 2));
  return {
    method,
    target,
    nodeTarget: target,
    headers: { host: [host], ...distinct(headers) },
    encrypted: protocol === 'https:',
  };
}

/** Both halves of the check, as webhook in calls them. */
export function verify(verifier: Verifier, request: RequestHead, body: Buffer | string = ''): AuthRefusal | undefined {
  return verifier.checkHead(request) ?? verifier.check(request, Buffer.from(body));
}

/** The reason of a refusal, or `accept`. */
export function verdict(verifier: Verifier, request: RequestHead, body: Buffer | string = ''): string {
  return verify(verifier, request, body)?.reason ?? 'accept';
}

export const clockAt = (seconds: number): FakeClock => new FakeClock(seconds * 1000);

/** `createAuth` for a configuration that must be good. */
export function goodAuth(config: AuthConfig, credentials: AuthCredentials, clock: Clock = clockAt(1_800_000_000)) {
  const auth = createAuth(config, credentials, clock);
  assert.equal(auth.problem, undefined);
  return auth;
}
