interface Row {
  status: number;
  title: string;
  retryAfter?: string;
}

/**
 * Every reason a request is not accepted, with the status its sender gets unless the node's `statuses` says otherwise.
 * The statuses are chosen by what senders do with them: 4xx makes most of them give the event up, 503 makes them come back.
 * `retryAfter`: seconds after which to come back, where whoever refuses does not know better.
 */
export const REFUSALS = {
  'method-not-allowed': { status: 405, title: 'This address does not take that method' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'body-timeout': { status: 408, title: 'The request took too long to arrive' },
  'encoding-unsupported': { status: 415, title: 'The encoding or format of the body is not supported' },
  'address-not-allowed': { status: 403, title: 'Not allowed from this address' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'credentials-missing': { status: 401, title: 'Credentials are missing' },
  'credentials-mismatch': { status: 401, title: 'Credentials do not match' },
  'timestamp-out-of-tolerance': { status: 401, title: 'The signed time is too far from the present' },
  'body-malformed': { status: 400, title: 'The body cannot be read' },
  'event-malformed': { status: 400, title: 'Not a valid CloudEvent' },
  'body-too-deep': { status: 400, title: 'The body is nested too deeply' },
  'forbidden-key': { status: 400, title: 'The body holds a key that is not allowed' },
  'schema-mismatch': { status: 422, title: 'The event does not match the schema' },
  overloaded: { status: 503, title: 'Too much is waiting', retryAfter: '10' },
  'store-failed': { status: 503, title: 'The event could not be kept', retryAfter: '10' },
  misconfigured: { status: 503, title: 'This address is not ready', retryAfter: '60' },
  redeploying: { status: 503, title: 'This address is being redeployed', retryAfter: '2' },
  'answer-timeout': { status: 504, title: 'No answer in time' },
  /** Never answered to a sender: the event was accepted, and leaves output 2 when its last redelivery failed. */
  'gave-up': { status: 500, title: 'The flow failed with the event to the end' },
} as const satisfies Record<string, Row>;

export type Reason = keyof typeof REFUSALS;

/** Why a request (or, with `gave-up`, an event) goes no further; leaves output 2 and is what the sender is answered with. */
export interface Refusal {
  readonly reason: Reason;
  /** HTTP status of the answer. */
  readonly status: number;
  /** For the maker; holds no secret. Shown to the sender only where `EXPLAINED` says that it helps him and nobody else. */
  readonly detail: string;
  /** Headers of the answer, e.g. `Allow`, `Retry-After`, `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Statuses chosen by the maker, by reason. */
export type Statuses = Partial<Record<Reason, number>>;

/** What is wrong with the body itself: its sender knows it anyway, and needs the index of the bad event to mend it. */
const EXPLAINED: ReadonlySet<Reason> = new Set([
  'body-malformed',
  'event-malformed',
  'body-too-deep',
  'forbidden-key',
  'schema-mismatch',
  'encoding-unsupported',
  'body-too-large',
]);

/** Longest detail told to a sender, in characters. */
const SHOWN = 300;

/** Makes a refusal with the reason's default status. */
export function refuse(reason: Reason, detail: string, headers?: Readonly<Record<string, string>>): Refusal {
  const { status, retryAfter }: Row = REFUSALS[reason];
  if (headers) return { reason, status, detail, headers };
  return retryAfter === undefined
    ? { reason, status, detail }
    : { reason, status, detail, headers: { 'Retry-After': retryAfter } };
}

/** Whether a step returned a refusal instead of its result. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'reason' in value && 'detail' in value && 'status' in value;
}

/** The refusal with the status the maker chose for its reason. */
export function withStatus(refusal: Refusal, statuses: Statuses): Refusal {
  const status = statuses[refusal.reason];
  return status === undefined ? refusal : { ...refusal, status };
}

/** The body of the answer, `application/problem+json` (RFC 9457). */
export function problemJson(refusal: Refusal): Buffer {
  const { reason, status, detail } = refusal;
  return Buffer.from(
    JSON.stringify({
      type: `urn:surewire:refusal:${reason}`,
      title: REFUSALS[reason].title,
      status,
      reason,
      ...(EXPLAINED.has(reason) ? { detail: detail.slice(0, SHOWN) } : {}),
    }),
  );
}

/**
 * Reads the field `statuses`: a JSON object of reason and status (400 to 599).
 * @param text JSON text, or the object itself; blank or undefined = no overrides
 * @throws Error that names the member and the value expected
 */
export function parseStatuses(text: unknown): Statuses {
  if (text === undefined || text === null || (typeof text === 'string' && text.trim() === '')) return {};
  let value: unknown = text;
  if (typeof text === 'string') {
    try {
      value = JSON.parse(text);
    } catch {
      throw new Error('statuses: expected a JSON object such as {"schema-mismatch": 503}, this is not JSON');
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('statuses: expected a JSON object such as {"schema-mismatch": 503}');
  }
  const statuses: Statuses = {};
  for (const [name, status] of Object.entries(value)) {
    if (!Object.hasOwn(REFUSALS, name) || name === 'gave-up') {
      const known = Object.keys(REFUSALS).filter((reason) => reason !== 'gave-up');
      throw new Error(`statuses: "${name}" is not a reason; expected one of ${known.join(', ')}`);
    }
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new Error(`statuses: "${name}" is ${JSON.stringify(status)}; expected a whole number from 400 to 599`);
    }
    statuses[name as Reason] = status;
  }
  return statuses;
}
