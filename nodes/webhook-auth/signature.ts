import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../shared/clock';
import { headerText } from '../shared/header-text';
import { type Content, compileContent, type Signable } from './content';
import type { AuthRefusal, RequestHead, Signer, UnsignedRequest, Verifier } from './contract';
import type { Algorithm, Descriptor } from './descriptor';
import { fewFields, isForm, signedForm } from './form';
import { fitsHeader, oneHeader } from './header';
import { type Key, signatureSize, strictBase64 } from './key';
import { mismatch, missing } from './refusal';
import { portVariants, queryValues, senderUrls, shownUrl, withQuery } from './sender-url';
import { checkTime, signingTime } from './signature-time';

/** More signatures in one header than this are refused: real senders use one for each secret in rotation. */
const MAX_SIGNATURES = 10;

export interface SignatureOptions {
  descriptor: Descriptor;
  /** Those that verify; the first one signs. */
  keys: readonly Key[];
  /** Seconds; 0 = any age. */
  tolerance: number;
  /** As `readPublicUrl` gives it. */
  publicUrl: string;
  clock: Clock;
}

interface Claim {
  algorithm: Algorithm;
  text: string;
}

interface Claims {
  signatures: Claim[];
  time?: string;
}

/** The signatures in a header that count, and the time beside them; a text where the header cannot be right. */
function readClaims(value: string, { sig, ts }: Descriptor): Claims | string {
  if (!sig.labels && sig.split === '') return { signatures: [{ algorithm: sig.alg, text: value }] };
  const items = sig.split === '' ? [value] : value.split(sig.split, MAX_SIGNATURES + 2);
  const claims: Claims = { signatures: [] };
  for (const item of items) {
    if (!sig.labels) {
      if (item.trim() !== '') claims.signatures.push({ algorithm: sig.alg, text: item.trim() });
      continue;
    }
    const at = item.indexOf(sig.pair);
    if (at < 0) continue;
    const label = item.slice(0, at).trim();
    const text = item.slice(at + sig.pair.length).trim();
    const algorithm = sig.labels[label];
    if (algorithm) claims.signatures.push({ algorithm, text });
    else if (label === ts?.label) {
      if (claims.time !== undefined) return 'more than one timestamp';
      claims.time = text;
    }
  }
  if (items.length > MAX_SIGNATURES + 1) return `more than ${MAX_SIGNATURES} signatures`;
  return claims;
}

function decodeSignature(text: string, encoding: 'hex' | 'base64', size: number): Buffer | undefined {
  if (encoding === 'hex' && text.length !== size * 2) return undefined;
  const bytes = encoding === 'hex' ? Buffer.from(text, 'hex') : strictBase64(text);
  return bytes?.length === size ? bytes : undefined;
}

/** True where one of the claimed signatures is the right one under this key. The expected one is made once an algorithm. */
function matches(
  key: Key,
  claims: readonly Claim[],
  from: Signable,
  content: Content,
  descriptor: Descriptor,
): boolean {
  let made: { algorithm: Algorithm; bytes: Buffer } | undefined;
  for (const { algorithm, text } of claims) {
    if (!key.fits(algorithm)) continue;
    const given = decodeSignature(text, descriptor.sig.encoding, signatureSize(algorithm));
    if (!given) continue;
    if (algorithm === 'ed25519') {
      if (key.verify(content, from, given)) return true;
      continue;
    }
    if (made?.algorithm !== algorithm) made = { algorithm, bytes: key.make(algorithm, content, from) };
    if (timingSafeEqual(made.bytes, given)) return true;
  }
  return false;
}

function sha256Hex(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Whether the form's fields belong to the signed bytes: only of a form, and not where the URL holds the body's digest. */
function signsForm(form: boolean, digests: readonly string[]): boolean {
  return form && digests.length === 0;
}

/** Whether a body is a form that the signed bytes can hold; any other body needs its digest in the URL, where the scheme has one. */
function signableForm(content: Content, contentType: string | undefined): boolean {
  return content.usesForm && isForm(contentType);
}

/** Verifies by a descriptor; the first half of a `Verifier`. */
export function signatureVerifier(options: SignatureOptions): Pick<Verifier, 'checkHead' | 'check'> {
  const { descriptor, keys, tolerance, publicUrl, clock } = options;
  const { sig, ts, bodyDigest } = descriptor;
  const content = compileContent(descriptor.content);
  const required = [...descriptor.requireHeaders.map((name) => [name]), ...content.headers];
  const place = sig.header.join(' or ');

  function checkHead(head: RequestHead): AuthRefusal | undefined {
    const value = oneHeader(head.headers, sig.header);
    if (value === undefined) return missing(`no ${place} header`);
    if (value === false) return mismatch(`more than one ${place} header`);
    for (const names of required) {
      const found = oneHeader(head.headers, names);
      if (found === undefined) return missing(`no ${names.join(' or ')} header`);
      if (found === false) return mismatch(`more than one ${names.join(' or ')} header`);
    }
    if (!ts) return undefined;
    let time: string | undefined | false;
    if (ts.label === undefined) {
      time = oneHeader(head.headers, ts.header);
    } else {
      const claims = readClaims(value, descriptor);
      if (typeof claims === 'string') return mismatch(`${place}: ${claims}`);
      time = claims.time;
      if (time === undefined) return mismatch(`${place} holds no timestamp`);
    }
    if (time === undefined) return missing(`no ${ts.header.join(' or ')} header`);
    if (time === false) return mismatch(`more than one ${ts.header.join(' or ')} header`);
    return checkTime(time, ts, tolerance, clock);
  }

  function check(head: RequestHead, body: Buffer): AuthRefusal | undefined {
    const value = oneHeader(head.headers, sig.header) || '';
    const claims = readClaims(value, descriptor);
    if (typeof claims === 'string') return mismatch(`${place}: ${claims}`);
    if (claims.signatures.length === 0) return mismatch(`${place} holds no signature of a known kind`);

    let form = false;
    if (bodyDigest || content.usesForm) {
      const type = oneHeader(head.headers, ['content-type']);
      if (type === false) return mismatch('more than one content-type header');
      const digests = bodyDigest ? queryValues(head.target, bodyDigest.query) : [];
      const signable = signableForm(content, type);
      if (bodyDigest && (digests.length > 0 || (body.length > 0 && !signable))) {
        if (digests.length === 0)
          return mismatch(`no ${bodyDigest.query} in the query, so that nothing vouches for the body`);
        if (digests.length > 1) return mismatch(`more than one ${bodyDigest.query} in the query`);
        if (digests[0]!.toLowerCase() !== sha256Hex(body))
          return mismatch(`${bodyDigest.query} is not that of the body`);
      }
      form = signsForm(signable, digests);
      if (form && !fewFields(body)) return mismatch('more form fields than a signed form may have');
    }

    let fields: string | undefined;
    const from: Signable = {
      header: (names) => oneHeader(head.headers, names) || '',
      ts: claims.time ?? ((ts && oneHeader(head.headers, ts.header)) || ''),
      method: head.method,
      url: '',
      form: () => {
        fields ??= form ? headerText(signedForm(body)) : '';
        return fields;
      },
      body,
    };
    if (!content.usesUrl) {
      for (const key of keys) if (matches(key, claims.signatures, from, content, descriptor)) return undefined;
      return mismatch('the signature does not match: another secret, or the body was changed on its way');
    }
    const urls = senderUrls(head, publicUrl);
    for (const url of urls) {
      for (const variant of descriptor.urlVariants ? portVariants(url) : [url]) {
        from.url = variant;
        for (const key of keys) if (matches(key, claims.signatures, from, content, descriptor)) return undefined;
      }
    }
    return mismatch(
      `the signature does not match: another secret, a changed body, or another URL than ${urls.map(shownUrl).join(' or ')} (see "public URL")`,
    );
  }

  return { checkHead, check };
}

/** Signs by a descriptor, with the first key. */
export function signatureSigner(options: SignatureOptions): Signer['sign'] {
  const { descriptor, keys, clock } = options;
  const { sig, ts, idHeader, bodyDigest } = descriptor;
  const content = compileContent(descriptor.content);
  const key = keys[0]!;
  const label = sig.labels && Object.keys(sig.labels).find((name) => key.fits(sig.labels![name]!));
  const algorithm = sig.labels ? (label === undefined ? undefined : sig.labels[label]) : sig.alg;

  return (request: UnsignedRequest) => {
    if (!algorithm || !key.fits(algorithm)) {
      throw new Error('secret: this kind of key does not fit the algorithms of the scheme');
    }
    const headers: Record<string, string> = {};
    if (idHeader) {
      if (request.id === '' || !fitsHeader(request.id)) {
        throw new Error(`event id: expected a text that can stand in the ${idHeader} header`);
      }
      headers[idHeader] = headerText(request.id);
    }
    const time = ts ? signingTime(ts, clock) : '';
    if (ts && ts.label === undefined) headers[ts.header[0]!] = time;

    const form = signableForm(content, request.headers['content-type']);
    let url = request.url.replace(/#.*$/s, '');
    if (bodyDigest && !form && request.body.length > 0 && queryValues(url, bodyDigest.query).length === 0) {
      url = withQuery(url, bodyDigest.query, sha256Hex(request.body));
    }
    const digests = bodyDigest ? queryValues(url, bodyDigest.query) : [];
    const read = (names: readonly string[]): string => {
      for (const name of names) {
        const value = headers[name] ?? request.headers[name];
        if (value !== undefined && value !== '') return value;
      }
      throw new Error(`headers: the scheme signs ${names.join(' or ')}, which the request does not have`);
    };
    for (const name of descriptor.requireHeaders) read([name]);

    const from: Signable = {
      header: read,
      ts: time,
      method: request.method.toUpperCase(),
      url: headerText(url),
      form: () => (signsForm(form, digests) ? headerText(signedForm(request.body)) : ''),
      body: request.body,
    };
    const text = key.make(algorithm, content, from).toString(sig.encoding);
    const labelled = label === undefined ? text : label + sig.pair + text;
    headers[sig.send] = ts?.label === undefined ? labelled : ts.label + sig.pair + time + sig.split + labelled;
    return { url, headers };
  };
}
