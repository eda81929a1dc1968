/**
 * What a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date).
 * @param now wall clock ms
 * @returns whole seconds from now, never negative; undefined where the header is missing or neither form
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  // A date has letters in it; Date.parse would also take a bare negative or decimal number for a year.
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
