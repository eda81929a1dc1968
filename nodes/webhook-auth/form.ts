/** More fields than this are refused: sorting them must not become a burden before the sender is known. */
const MAX_FIELDS = 1000;
const AMPERSAND = 0x26;

/** True for a content type of HTML forms, with or without parameters. */
export function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/x-www-form-urlencoded[ \t]*(;|$)/i.test(contentType);
}

/** False where a body has more fields than a signed form may have. */
export function fewFields(body: Buffer): boolean {
  let count = 1;
  for (let at = body.indexOf(AMPERSAND); at >= 0; at = body.indexOf(AMPERSAND, at + 1)) {
    count += 1;
    if (count > MAX_FIELDS) return false;
  }
  return true;
}

/**
 * A form's fields as Twilio signs them: names sorted, each followed by its values, repeated values once and sorted.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security#validating-signatures-from-twilio
 */
export function signedForm(body: Buffer): string {
  const fields = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    const values = fields.get(name);
    if (values) values.add(value);
    else fields.set(name, new Set([value]));
  }
  let text = '';
  for (const name of [...fields.keys()].sort()) {
    for (const value of [...fields.get(name)!].sort()) text += name + value;
  }
  return text;
}
