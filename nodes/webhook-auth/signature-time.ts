import type { Clock } from '../shared/clock';
import type { AuthRefusal } from './contract';
import type { Descriptor } from './descriptor';
import { mismatch, stale } from './refusal';

type Time = NonNullable<Descriptor['ts']>;
const LONGEST = 15;

function digitsOnly(text: string): boolean {
  if (text.length === 0 || text.length > LONGEST) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** The current time as the scheme writes it. */
export function signingTime(ts: Time, clock: Clock): string {
  return String(ts.format === 'unix-ms' ? Math.floor(clock.now()) : Math.floor(clock.now() / 1000));
}

/** Refuses a time that is no number, or further from now than `tolerance` seconds (0 = any age). */
export function checkTime(text: string, ts: Time, tolerance: number, clock: Clock): AuthRefusal | undefined {
  if (!digitsOnly(text)) return mismatch('the timestamp is not a number');
  if (tolerance === 0) return undefined;
  const unit = ts.format === 'unix-ms' ? 1000 : 1;
  const age = (ts.format === 'unix-ms' ? clock.now() : Math.floor(clock.now() / 1000)) - Number(text);
  if (age > tolerance * unit) return stale(`signed ${Math.round(age / unit)} s ago; tolerance is ${tolerance} s`);
  if (ts.future && -age > tolerance * unit) {
    return stale(`signed ${Math.round(-age / unit)} s in the future; tolerance is ${tolerance} s; is a clock wrong?`);
  }
  return undefined;
}
