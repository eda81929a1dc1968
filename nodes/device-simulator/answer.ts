import { envelope, info } from './envelope';
import { deviceName } from './fleet';
import type { Outgoing } from './injector';
import type { Ledger } from './ledger';
import type { Profile } from './profiles';
import type { Answer } from './transport';

/**
 * The message that tells how a request was answered: `payload`, `statusCode` and `headers` as core's http request sets them
 * (without an answer the error's code and text), `event` of the event it was about, or `events` of a batch.
 */
export function answerMessage(
  profile: Profile,
  ledger: Ledger,
  events: readonly Outgoing[],
  outcome: Answer | Error,
): Record<string, unknown> {
  const infos = events.map((event) =>
    info(envelope(profile, event, ledger.idOf(event.number)), deviceName(event.device)),
  );
  const first = events[0]!;
  const fault = first.invalid ?? first.repeats;
  return {
    topic: infos[0]!.type,
    ...(outcome instanceof Error
      ? { payload: outcome.message, statusCode: (outcome as NodeJS.ErrnoException).code ?? 'error', headers: {} }
      : { payload: content(outcome), statusCode: outcome.status, headers: outcome.headers }),
    ...(infos.length === 1 ? { event: infos[0] } : { events: infos }),
    ...(fault !== undefined && { fault }),
  };
}

function content(answer: Answer): unknown {
  const text = answer.body.toString();
  if (!/[/+]json\b/i.test(String(answer.headers['content-type']))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
