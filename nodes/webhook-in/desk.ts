import type { Clock } from '../shared/clock';
import { answer, answerRefusal } from './answer';
import { Counter } from './counters';
import type { Arrival } from './front-door';
import type { WebhookInfo } from './message';
import type { WebhookInOptions } from './options';
import { type Refusal, withStatus } from './refusal';
import { refusalGate } from './refusal-port';
import type { Passed } from './walk';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** What the node does for its desk. */
export interface DeskPorts {
  /** Sends a message from output 2. */
  report(message: object): void;
  /** A number the status shows has changed. */
  changed(): void;
}

/** Where one node answers its senders, counts what came of them, and reports refusals to the maker. */
export class Desk {
  readonly accepted: Counter;
  readonly refused: Counter;
  readonly #mayReport: () => number | undefined;

  constructor(
    readonly options: Pick<WebhookInOptions, 'answerStatus' | 'statuses' | 'readTimeoutMs'>,
    readonly clock: Clock,
    readonly ports: DeskPorts,
  ) {
    this.accepted = new Counter(clock);
    this.refused = new Counter(clock);
    this.#mayReport = refusalGate(clock);
  }

  /** Counts events as accepted whose sender somebody else answers. */
  count(events: number): void {
    this.accepted.add(events);
    this.ports.changed();
  }

  accept({ arrival, events }: Passed): void {
    this.count(events.length);
    answer(arrival.res, this.options.answerStatus, JSON_TYPE, `{"accepted":${events.length}}`);
  }

  /** @param gone the sender hung up, there is nobody to answer */
  refuse(arrival: Arrival, refusal: Refusal, webhook: WebhookInfo, gone = false): void {
    const answered = withStatus(refusal, this.options.statuses);
    if (!gone) answerRefusal(arrival.req, arrival.res, answered, this.clock, this.options.readTimeoutMs);
    this.report(answered, { webhook });
  }

  /** Tells the maker; while too many refusals are told, this one is only counted. @param rest what else the message holds */
  report({ reason, status, detail }: Refusal, rest: object): void {
    this.refused.add();
    this.ports.changed();
    const suppressed = this.#mayReport();
    if (suppressed === undefined) return;
    this.ports.report({ ...rest, payload: { reason, status, detail, ...(suppressed > 0 && { suppressed }) } });
  }
}
