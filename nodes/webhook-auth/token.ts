import { headerText } from '../shared/header-text';
import type { RequestHead, Signer, Verifier } from './contract';
import { equalsOneOf } from './equal';
import { fitsHeader, oneHeader } from './header';
import { headerName } from './read-descriptor';
import { mismatch, missing } from './refusal';
import { queryValues, withQuery } from './sender-url';

export const TOKEN_PLACES = ['header', 'bearer', 'query'] as const;
export type TokenPlace = (typeof TOKEN_PLACES)[number];

/** The header of a token where the node names none. */
const DEFAULT_TOKEN_HEADER = 'x-webhook-token';
/** The query parameters of a token where the node names none; the first one is written. */
const DEFAULT_TOKEN_QUERY = ['token', DEFAULT_TOKEN_HEADER];

type Checker = Pick<Verifier, 'checkHead' | 'check' | 'secretHeaders' | 'secretQuery'> & Pick<Signer, 'sign'>;

function place(
  from: TokenPlace,
  name: string,
): { name: string; read: (head: RequestHead) => string | undefined | false } {
  if (from === 'query') {
    const names = name === '' ? DEFAULT_TOKEN_QUERY : [name];
    return {
      name: names[0]!,
      read(head) {
        const values = names.flatMap((one) => queryValues(head.target, one));
        return values.length > 1 ? false : values[0] === '' ? undefined : values[0];
      },
    };
  }
  if (from === 'bearer') {
    return {
      name: 'authorization',
      read(head) {
        const value = oneHeader(head.headers, ['authorization']);
        if (!value) return value;
        return /^bearer +(\S.*)$/i.exec(value)?.[1] ?? false;
      },
    };
  }
  const header = [headerName(name === '' ? DEFAULT_TOKEN_HEADER : name, 'tokenName')];
  return { name: header[0]!, read: (head) => oneHeader(head.headers, header) };
}

/**
 * A shared token, as devices send it that cannot sign. It proves nothing about the body; whoever sees it can use it.
 * Throws an Error naming the field where the token could never arrive.
 */
export function tokenAuth(from: TokenPlace, tokenName: string, secrets: readonly string[]): Checker {
  const { name, read } = place(from, tokenName.trim());
  if (from !== 'query' && !secrets.every(fitsHeader)) {
    throw new Error('secret: expected a token without a space at its ends and without control characters');
  }
  const equals = equalsOneOf(secrets);
  const encoding = from === 'query' ? 'utf8' : 'latin1';
  const what = from === 'query' ? `the query parameter ${name}` : from === 'bearer' ? 'Authorization: Bearer' : name;
  return {
    // Also where a sender that is told wrong would put it: whoever looks for the mistake must not see the token.
    secretHeaders: from === 'query' ? [DEFAULT_TOKEN_HEADER] : [name, DEFAULT_TOKEN_HEADER],
    secretQuery: from === 'query' && tokenName.trim() !== '' ? [name.toLowerCase()] : DEFAULT_TOKEN_QUERY,
    checkHead(head) {
      const value = read(head);
      if (value === undefined) return missing(`no token in ${what}`);
      if (value === false) return mismatch(`the token in ${what} is malformed or there more than once`);
      return equals(Buffer.from(value, encoding)) ? undefined : mismatch(`another token in ${what}`);
    },
    check: () => undefined,
    sign({ url }) {
      const secret = secrets[0]!;
      if (from === 'query') return { url: withQuery(url, name, secret), headers: {} };
      const text = headerText(secret);
      return { url, headers: { [name]: from === 'bearer' ? `Bearer ${text}` : text } };
    },
  };
}
