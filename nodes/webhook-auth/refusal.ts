import type { AuthRefusal } from './contract';

export const missing = (detail: string): AuthRefusal => ({ reason: 'credentials-missing', detail });
export const mismatch = (detail: string): AuthRefusal => ({ reason: 'credentials-mismatch', detail });
export const stale = (detail: string): AuthRefusal => ({ reason: 'timestamp-out-of-tolerance', detail });
export const misconfigured = (detail: string): AuthRefusal => ({ reason: 'misconfigured', detail });
