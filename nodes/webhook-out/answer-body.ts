import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { forbiddenKey, tooDeep } from '../shared/json-guard';
import { DeliveryError } from './delivery-error';

const DECODERS: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Undoes gzip, deflate or br, which some receivers use though nobody asked them to; another coding is left as it is.
 * @param max bytes after decoding
 * @throws DeliveryError `RESPONSE_TOO_LARGE` or `RESPONSE_UNREADABLE`
 */
export async function decoded(body: Buffer, headers: IncomingHttpHeaders, max: number): Promise<Buffer> {
  const decode = DECODERS[headers['content-encoding']?.trim().toLowerCase() ?? ''];
  if (!decode || body.length === 0) return body;
  try {
    return await decode(body, { maxOutputLength: max });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DeliveryError(
        'RESPONSE_TOO_LARGE',
        `the answer is longer than ${max} bytes (maxResponse) when decoded`,
      );
    }
    throw new DeliveryError(
      'RESPONSE_UNREADABLE',
      `the answer is not ${headers['content-encoding']} as its header says`,
    );
  }
}

const JSON_TYPE = /^[^;]*[/+]json\s*(;|$)/i;
const TEXT_TYPE = /^(text\/|application\/(xml|javascript|x-www-form-urlencoded)\b|[^;]*\+xml\s*(;|$))/i;

function text(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Parsed JSON, or undefined where it is none, or none that is safe in a message. */
function parsed(body: Buffer): { value: unknown } | undefined {
  if (tooDeep(body)) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString());
    return forbiddenKey(value) === undefined ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An answer's body as a payload: a JSON value where the content type says JSON (or says nothing and it parses), else text, else
 * a Buffer. JSON that cannot be parsed, nests deeper than 64 levels or would change prototypes stays text.
 */
export function answerPayload(body: Buffer, contentType: string | undefined): unknown {
  if (body.length === 0) return '';
  if (!contentType || JSON_TYPE.test(contentType)) {
    const json = parsed(body);
    if (json) return json.value;
    return text(body) ?? body;
  }
  return TEXT_TYPE.test(contentType) ? body.toString() : body;
}
