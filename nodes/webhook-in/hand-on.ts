import type { Outcome } from '../shared/outcome/contract';
import type { Desk } from './desk';
import { dress, type ExpressApp } from './express-response';
import type { FlowAnswers } from './flow-answers';
import { flowRequest } from './flow-request';
import type { EventMessage } from './message';
import type { StoredEvents } from './stored-events';
import type { Passed } from './walk';

/** Hands the events of a request that passed to the flow and has its sender answered: one function for each way of `answer`. */
export type HandOn = (passed: Passed, messages: EventMessage[]) => void;

/** Sends messages from output 1. */
export type SendEvents = (messages: object | object[]) => void;

/** Hears how a message fares in the flow; returns a way to stop, undefined where nobody can tell. */
export type Follow = (message: object, onOutcome: (outcome: Outcome) => void) => (() => void) | undefined;

/** `accepted`: the sender is answered at once, whatever the flow makes of it. */
export function answeredAtOnce(desk: Desk, send: SendEvents): HandOn {
  return (passed, messages) => {
    desk.accept(passed);
    send(messages);
  };
}

/** `flow`: a core `http response` answers. */
export function answeredByFlow(
  desk: Desk,
  send: SendEvents,
  answers: FlowAnswers,
  follow: Follow,
  app: ExpressApp,
): HandOn {
  return (passed, messages) => {
    if (messages.length === 0) return desk.accept(passed);
    desk.count(messages.length);
    const { arrival, webhook } = passed;
    dress(arrival.req, arrival.res, app);
    const waiting = answers.wait(arrival.res, (refusal) => desk.refuse(arrival, refusal, webhook));
    const req = flowRequest(arrival, webhook, passed.events);
    for (const message of messages) {
      const sent = { ...message, req, res: waiting.res };
      const forget = follow(sent, (outcome) => {
        if (outcome.kind === 'failure') waiting.fail();
      });
      // A flow that never ends with a message must not be followed for ever.
      if (forget) waiting.whenSettled(forget);
      send(sent);
    }
  };
}

/** `stored`: the sender is answered once the events are durable; the queue hands them on. */
export function answeredOnceStored(desk: Desk, stored: StoredEvents): HandOn {
  return (passed, messages) => {
    const { arrival, webhook } = passed;
    const full = stored.room(messages.length);
    if (full) return desk.refuse(arrival, full, webhook);
    void stored.accept(messages).then((refusal) => {
      if (refusal) desk.refuse(arrival, refusal, webhook);
      else desk.accept(passed);
    });
  };
}
