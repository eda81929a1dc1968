import type { IncomingMessage } from 'node:http';

/**
 * Every value of every header, names in lower case, as `IncomingMessage.headersDistinct` has it. Not that one, because in
 * Node.js before 20.20.2 and 24.14.1 it throws on a header called `__proto__` (CVE-2026-21710), which would end Node-RED.
 */
export function distinctHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): NodeJS.Dict<string[]> {
  const headers: NodeJS.Dict<string[]> = Object.create(null);
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    const value = rawHeaders[index + 1] as string;
    const values = headers[name];
    if (values) values.push(value);
    else headers[name] = [value];
  }
  return headers;
}
