/** The oldest of the three forms of a date: it names no zone and means GMT, which Date.parse does not know (RFC 9110, 5.6.7). */
const ASCTIME = /^[a-z]{3} [a-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i;

/**
 * What a Retry-After header, or an error's own `retryAfter`, asks for (RFC 9110, 10.2.3: seconds or a date).
 * @param header as sent: text, its first of several, or seconds as a number
 * @param now wall clock, ms
 * @returns milliseconds from now, never negative; undefined where it says nothing usable
 */
export function retryAfterMs(header: unknown, now: number): number | undefined {
  const value: unknown = Array.isArray(header) ? header[0] : header;
  if (typeof value === 'number') return value >= 0 && Number.isFinite(value) ? value * 1000 : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  // A date has letters in it; Date.parse would also take a bare negative or decimal number for a year.
  const at = /[a-z]/i.test(text) ? Date.parse(ASCTIME.test(text) ? `${text} GMT` : text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
