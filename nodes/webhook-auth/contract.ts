import type { Node } from 'node-red';

/** What of a request is known before its body is read. Header names are lower case, as Node.js gives them. */
export interface RequestHead {
  method: string;
  /** Path and query as the sender wrote them, e.g. `/hooks/door?x=1`; the path a proxy may have rewritten. */
  target: string;
  /** As `IncomingMessage.headersDistinct`: every value of every header, so that a doubled header is seen. */
  headers: NodeJS.Dict<string[]>;
  /** True when the request came over TLS to this process. */
  encrypted: boolean;
  /** The path below the node root that the node was given, for `publicUrl` (the part behind the proxy's prefix), with its query. */
  nodeTarget: string;
}

/** The address of the connection and the caller it speaks for. */
export interface AddressVerdict {
  /** The caller: the connection's address, or what a trusted proxy says, read from the right. */
  address: string;
  allowed: boolean;
}

/** Why a request is not believed; never says what would have passed. */
export interface AuthRefusal {
  reason: 'credentials-missing' | 'credentials-mismatch' | 'timestamp-out-of-tolerance' | 'misconfigured';
  /** For the maker, not for the sender; holds no secret. */
  detail: string;
  /** Headers of the answer, e.g. `WWW-Authenticate`. */
  headers?: Record<string, string>;
}

/** The places in a request where a scheme keeps an event's id and type, as templates of webhook in (`{h:name}`, `{/pointer}`). */
export interface IdentityDefaults {
  eventId?: string[];
  eventType?: string[];
  device?: string[];
}

/** Says whether a request is from who it claims to be. Fails closed: what it cannot check it refuses. */
export interface Verifier {
  readonly scheme: string;
  /** Where this scheme's senders put id and type; tried in order, the first complete one wins. */
  readonly identity: IdentityDefaults;
  /** Names of headers and query parameters that carry credentials, lower case; shown masked. */
  readonly secretHeaders: readonly string[];
  readonly secretQuery: readonly string[];
  /** What has to be answered to a body that passed, instead of sending an event on (Slack's url_verification); undefined = nothing. */
  handshake?(body: unknown): { status: number; contentType: string; body: string } | undefined;
  address(remote: string, forwardedFor: string[] | undefined): AddressVerdict;
  /** What can be refused before a byte of the body is read (missing or malformed credentials, wrong token, stale time). */
  checkHead(head: RequestHead): AuthRefusal | undefined;
  /** The whole check over the exact bytes; undefined = believed. Called only after checkHead passed. */
  check(head: RequestHead, body: Buffer): AuthRefusal | undefined;
}

/** A request about to be sent; `sign` returns what has to be added. */
export interface UnsignedRequest {
  method: string;
  /** The full URL. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  /** The event's id; goes into the scheme's id header where it has one. */
  id: string;
}

export interface Signer {
  readonly scheme: string;
  /** Headers to add and the URL to use (a query token or a body digest changes it). Throws an Error that names the field when the node is misconfigured. */
  sign(request: UnsignedRequest): { url: string; headers: Record<string, string> };
}

/** The config node as other nodes see it. A misconfigured one still has a verifier: it refuses everything with 503. */
export interface WebhookAuthNode extends Node {
  readonly verifier: Verifier;
  readonly signer: Signer;
  /** What is wrong with the configuration, for the status of the nodes that use it; undefined = nothing. */
  readonly problem?: string;
}
