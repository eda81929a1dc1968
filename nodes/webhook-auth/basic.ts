import type { AuthRefusal, Signer, Verifier } from './contract';
import { equalsOneOf } from './equal';
import { oneHeader } from './header';
import { strictBase64 } from './key';
import { mismatch, missing } from './refusal';

/** https://www.rfc-editor.org/rfc/rfc7617 */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="webhook", charset="UTF-8"' };

const challenged = (refusal: AuthRefusal): AuthRefusal => ({ ...refusal, headers: CHALLENGE });

/** User name and password (RFC 7617, UTF-8). Throws an Error where the user name holds a colon. */
export function basicAuth(
  username: string,
  passwords: readonly string[],
): Pick<Verifier, 'checkHead' | 'check'> & Pick<Signer, 'sign'> {
  if (username.includes(':')) throw new Error('username: expected a name without a colon');
  const pairs = passwords.map((password) => `${username}:${password}`);
  const equals = equalsOneOf(pairs);
  return {
    checkHead(head) {
      const value = oneHeader(head.headers, ['authorization']);
      if (value === undefined) return challenged(missing('no Authorization header'));
      const encoded = value === false ? undefined : /^basic +(\S+)$/i.exec(value)?.[1];
      const given = encoded === undefined ? undefined : strictBase64(encoded);
      if (!given) return challenged(mismatch('Authorization is not a single Basic header'));
      return equals(given) ? undefined : challenged(mismatch('another user name or password'));
    },
    check: () => undefined,
    sign: ({ url }) => ({
      url,
      headers: { authorization: `Basic ${Buffer.from(pairs[0]!, 'utf8').toString('base64')}` },
    }),
  };
}
