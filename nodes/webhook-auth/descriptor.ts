/**
 * What one sender's signature looks like, as data. Rows of schemes.ts and a maker's own descriptor have this one form,
 * and one engine verifies and signs from it.
 */
export const ALGORITHMS = ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'ed25519'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
export const KEY_KINDS = ['secret', 'public', 'private'] as const;
/** `secret` works with hmac; `public` verifies ed25519 only; `private` signs it and verifies too. */
export type KeyKind = (typeof KEY_KINDS)[number];

/** A descriptor as it is written; absent members behave as the default named in `Descriptor`. */
export interface DescriptorInput {
  engine?: 'mac';
  sig: {
    header: string | readonly string[];
    send?: string;
    split?: string;
    pair?: string;
    labels?: Readonly<Record<string, Algorithm>> | readonly string[];
    alg?: Algorithm;
    encoding?: 'hex' | 'base64';
  };
  key?: {
    prefixes?: Readonly<Record<string, KeyKind>> | readonly string[];
    encoding?: 'utf8' | 'base64' | 'hex';
  };
  ts?: {
    header?: string | readonly string[];
    label?: string;
    format?: 'unix' | 'unix-ms';
    tolerance?: number;
    future?: boolean;
  };
  content?: string;
  requireHeaders?: readonly string[];
  idHeader?: string;
  urlVariants?: boolean;
  bodyDigest?: { query: string };
}

export interface Descriptor {
  sig: {
    /** Where the signature is; the first header that is there counts. */
    header: string[];
    /** The header written when signing; default the first of `header`. */
    send: string;
    /** What separates several signatures in one header; `''` (default) = there is one. */
    split: string;
    /** What separates a label from its signature; `''` (default) = no labels. */
    pair: string;
    /** Label -> algorithm; a signature with another label is skipped. Undefined = no labels. */
    labels: Record<string, Algorithm> | undefined;
    /** Algorithm without labels; default hmac-sha256. */
    alg: Algorithm;
    /** Default hex. */
    encoding: 'hex' | 'base64';
  };
  /** How the secret is written. `prefixes` are cut off before decoding; encoding default utf8. */
  key: { prefixes: Record<string, KeyKind>; encoding: 'utf8' | 'base64' | 'hex' };
  /** Where the signing time is: a header, or a label in the signature's header. `future: false` accepts any time to come. */
  ts:
    | {
        header: string[];
        label: string | undefined;
        format: 'unix' | 'unix-ms';
        tolerance: number | undefined;
        future: boolean;
      }
    | undefined;
  /** The signed bytes as a template; default `{body}`. */
  content: string;
  /** Headers that have to be there. */
  requireHeaders: string[];
  /** The header that carries the event's id; default the first signed header whose name ends in `id`. */
  idHeader: string | undefined;
  /** Also try the URL with and without its port. */
  urlVariants: boolean;
  /** A query parameter with the hex SHA-256 of a body that is no form, or of any body where `content` does not hold the form. */
  bodyDigest: { query: string } | undefined;
}
