import { types } from 'node:util';
import { DeliveryError } from './delivery-error';

/** The bytes of a request and the content type they have unless the headers name one. */
export interface RequestBody {
  bytes: Buffer;
  contentType?: string;
}

const NO_BODY = new Set(['GET', 'HEAD']);

function form(payload: object): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(payload)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      fields.append(name, typeof item === 'object' && item !== null ? JSON.stringify(item) : String(item ?? ''));
    }
  }
  return fields.toString();
}

function json(payload: unknown): string {
  const text: string | undefined = JSON.stringify(payload);
  if (text === undefined) throw new TypeError(`a ${typeof payload} has no JSON`);
  return text;
}

/**
 * Turns a payload into the bytes to send, once: the signature covers exactly these. Buffer: as it is; string: UTF-8 text;
 * anything else: JSON, or form fields where `contentType` says `application/x-www-form-urlencoded`. GET and HEAD carry no body.
 * @param contentType the content type that the headers ask for, if any
 * @throws DeliveryError `REQUEST_INVALID` for a payload that JSON cannot hold (circular, BigInt, function)
 */
export function requestBody(payload: unknown, method: string, contentType: string | undefined): RequestBody {
  if (payload === undefined || NO_BODY.has(method)) return { bytes: Buffer.alloc(0) };
  if (typeof payload === 'string') return { bytes: Buffer.from(payload), contentType: 'text/plain; charset=utf-8' };
  if (types.isUint8Array(payload)) {
    return {
      bytes: Buffer.from(payload.buffer, payload.byteOffset, payload.length),
      contentType: 'application/octet-stream',
    };
  }
  try {
    if (
      payload !== null &&
      typeof payload === 'object' &&
      /^application\/x-www-form-urlencoded\b/i.test(contentType ?? '')
    ) {
      return { bytes: Buffer.from(form(payload)) };
    }
    return { bytes: Buffer.from(json(payload)), contentType: 'application/json' };
  } catch (error) {
    // A payload's own toJSON may throw anything.
    const why = String((error as Error | undefined | null)?.message ?? error);
    throw new DeliveryError('REQUEST_INVALID', `msg.payload cannot be sent as JSON: ${why}`);
  }
}
