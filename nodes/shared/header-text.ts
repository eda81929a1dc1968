/** A text as it stands in a header: Node.js writes and reads header values as Latin-1, so UTF-8 bytes are spelt in that. */
export function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that a header's sender meant: who writes more than ASCII writes UTF-8. What is no UTF-8 stays as it is. */
export function textOfHeader(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(value, (char) => char.charCodeAt(0)));
  } catch {
    return value;
  }
}
