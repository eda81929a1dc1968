import type { Cancel } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';
import type { EventMessage } from './message';

export interface StoredOptions {
  redeliveries: number;
  redeliveryBaseMs: number;
  maxInFlight: number;
  maxBacklog: number;
}

/** What the node does for the queue. */
export interface StoredPorts {
  /** Whether the flows run: what is handed on while they start or stop is lost. `start` is called when they run (again). */
  flowing(): boolean;
  /** Hands a message to the flow and says once how it fared; returns a way to stop listening. */
  deliver(message: EventMessage, settled: (outcome: Outcome) => void): Cancel;
  /** An event whose flow failed for the last time; it is among the dead letters by then. */
  gaveUp(message: EventMessage, detail: string): void;
  /** A number the status shows has changed. */
  changed(): void;
}
