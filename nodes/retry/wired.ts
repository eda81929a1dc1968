import type { Outcome } from '../shared/outcome/contract';
import { retryAfterMs } from '../shared/retry-after';

/** What `msg.retry` of a message says that came back to the input. */
export interface AttemptName {
  id: string;
  attempt: number;
  firstAt?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

/** The attempt a message speaks of; undefined when it carries no `msg.retry.id` and `.attempt`. */
export function attemptName(msg: object): AttemptName | undefined {
  const { id, attempt, firstAt } = fields((msg as Fields).retry);
  const number = typeof attempt === 'string' && attempt !== '' ? Number(attempt) : attempt;
  if (typeof id !== 'string' || typeof number !== 'number' || !Number.isInteger(number)) return undefined;
  return { id, attempt: number, firstAt };
}

function errorText(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message } = fields(error);
  return typeof message === 'string' && message !== '' ? message : 'the flow reported a failure';
}

/**
 * The outcome a wired-back message stands for: a failure when `msg.error` is set, `msg.statusCode` is 400 or more, or
 * `msg.retry.outcome` is `fail`; else success.
 * @param now wall clock ms, for a Retry-After date
 */
export function wiredOutcome(msg: object, now: number): Outcome {
  const { error, statusCode, headers, retry } = msg as Fields;
  const status = Number(statusCode ?? fields(error).statusCode);
  const badStatus = statusCode !== undefined && Number(statusCode) >= 400;
  if (!isSet(error) && !badStatus && fields(retry).outcome !== 'fail') return { kind: 'success' };
  const text = isSet(error) || !badStatus ? errorText(error) : `answered ${status}`;
  const outcome: Outcome = { kind: 'failure', error: text };
  if (Number.isInteger(status) && status >= 100) outcome.statusCode = status;
  const wait = retryAfterMs(fields(error).retryAfter ?? fields(headers)['retry-after'], now);
  if (wait !== undefined) outcome.retryAfterMs = wait;
  return outcome;
}
