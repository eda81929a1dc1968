import type { Cancel } from '../shared/clock';
import type { Outcome, OutcomeTracker } from '../shared/outcome/contract';
import type { Delivery, Message } from './delivery';
import type { RetryOptions } from './options';

/** What of a node its outputs need. */
export interface Sender {
  readonly id: string;
  wires?: readonly (readonly string[])[];
  send(messages: (Message | null)[]): void;
}

/** A node behind output 1 that takes messages without ever reporting that it is done with them. */
export interface SilentNode {
  id: string;
  type: string;
  name?: string;
}

/**
 * Maps the engine's deliveries to the three outputs of a node.
 * @param clone Node-RED's cloneMessage
 * @param onSilent called for each silent node that got a message, as often as the tracker tells
 */
export function nodeOutputs(
  node: Sender,
  tracker: OutcomeTracker,
  options: Pick<RetryOptions, 'outcome' | 'scope' | 'settleMs' | 'httpErrors'>,
  clone: (message: Message) => Message,
  onSilent: (node: SilentNode) => void,
): Delivery {
  const isWired = (port: number): boolean => (node.wires?.[port]?.length ?? 0) > 0;
  const send = (port: number, message: Message): void => {
    const ports: (Message | null)[] = [null, null, null];
    ports[port] = message;
    node.send(ports);
  };
  /** Whoever follows the incoming message must not count what becomes of ours: it is in our custody. */
  const apart = (message: Message): Message => {
    tracker.track(message, node.id, true, { onOutcome: () => undefined })();
    return message;
  };
  const follow = (message: Message, heard: { outcome(outcome: Outcome): void; settling(): void }): Cancel =>
    tracker.track(message, node.id, isWired(0), {
      scope: options.scope,
      settleMs: options.settleMs,
      httpErrors: options.httpErrors,
      onOutcome: (outcome) => heard.outcome(outcome),
      onSettling: () => heard.settling(),
      onSilent,
    });
  return {
    copy: (message) => clone(message as Message),
    attempt(message, heard) {
      const cancel = options.outcome === 'automatic' ? follow(message, heard) : undefined;
      send(0, cancel ? message : apart(message));
      return cancel;
    },
    gaveUp(message) {
      if (isWired(1)) send(1, apart(message));
    },
    succeeded(message) {
      if (isWired(2)) send(2, apart(message));
    },
  };
}
