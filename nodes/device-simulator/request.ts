import type { Signer } from '../webhook-auth/contract';
import type { Envelope } from './envelope';
import type { InvalidKind } from './faults';
import { tamper } from './tamper';

/** A request as it goes on the wire. */
export interface WireRequest {
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface RequestOptions {
  url: string;
  /** Absent: requests are not signed. */
  signer?: Signer | undefined;
  /** Whether several events may share a request: then every request is a CloudEvents batch. */
  batched: boolean;
  oversizeBytes: number;
}

/**
 * A signed request of the events, or one that must be refused, made from a single event.
 * @param id goes into the scheme's id header, where it has one
 * @throws Error of the signer, which names the field that is wrong
 */
export function wireRequest(
  options: RequestOptions,
  events: readonly Envelope[],
  id: string,
  invalid?: InvalidKind,
): WireRequest {
  const batch = options.batched && invalid === undefined;
  const whole = bodyOf(events, batch, invalid, options.oversizeBytes);
  const headers: Record<string, string> = {
    'content-type': batch ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
    'user-agent': 'surewire-device-simulator',
  };
  const plain = { method: 'POST', url: options.url, headers, body: whole, id };
  let signed = options.signer?.sign(plain) ?? { url: options.url, headers: {} };
  if (invalid === 'badSignature') signed = tamper(options.url, signed, id);
  if (invalid === 'missingSignature') signed = { url: options.url, headers: {} };
  // Cut on the way: signed as a whole, arrived as a half.
  const body = invalid === 'truncated' ? whole.subarray(0, whole.length >> 1) : whole;
  return {
    url: signed.url,
    headers: { ...headers, ...signed.headers, 'content-length': String(body.length) },
    body,
  };
}

function bodyOf(events: readonly Envelope[], batch: boolean, invalid: InvalidKind | undefined, bytes: number): Buffer {
  if (batch) return Buffer.from(JSON.stringify(events));
  const event = events[0]!;
  if (invalid === 'oversize') return Buffer.from(JSON.stringify({ ...event, data: { padding: 'x'.repeat(bytes) } }));
  const text = JSON.stringify(event);
  // A comma where the object should end: no JSON, but signed over just these bytes.
  return Buffer.from(invalid === 'malformed' ? `${text.slice(0, -1)},` : text);
}
