import type { LeasedEvent } from '../event-store/store';
import type { EventMessage } from './message';

/** A delay between two deliveries never grows beyond this. */
const LONGEST_DELAY_MS = 3_600_000;

/**
 * A flow that has not said how an event fared by then has failed with it: its place must not be lost for ever. Longer than a retry
 * node with its default settings needs to give a message up (17 min at most), so that the event is not sent round a second time meanwhile.
 */
export const FLOW_TIMEOUT_MS = 1_800_000;
/** How an event ended that the flow was not done with in time. */
export const UNDONE = `the flow was not done within ${FLOW_TIMEOUT_MS / 1000} s`;

/** An event handed out by the store. */
export interface Delivered {
  id: string;
  token: string;
  message: EventMessage;
  /** How often it has been handed out, this time included. */
  deliveries: number;
  /** How many of these a redeploy cut short; they do not count against the event. */
  closings: number;
  /** Wall clock ms. */
  dueAt: number;
}

/** An event as the store handed it out, with what an earlier delivery left in its note. */
export function delivered({ id, token, message, deliveries, dueAt, note }: LeasedEvent): Delivered {
  const closings = Number((note as { closings?: unknown } | undefined)?.closings ?? 0);
  return { id, token, message: message as EventMessage, deliveries, closings, dueAt };
}

/** How often it has been handed out without success, this time included. */
export const failuresOf = ({ deliveries, closings }: Delivered): number => deliveries - closings;

/** What the store keeps beside an event whose delivery was cut short by a redeploy: it is handed on again, but has not failed. */
export const noteAfterClose = ({ closings }: Delivered): { closings: number } => ({ closings: closings + 1 });

/**
 * How long to wait after a failed delivery, milliseconds: doubling, and as long as the flow asked for, both at most an hour.
 * @param deliveries how many have failed, this one included
 */
export function redeliveryDelayMs(baseMs: number, deliveries: number, askedMs = 0): number {
  return Math.min(LONGEST_DELAY_MS, Math.max(baseMs * 2 ** (deliveries - 1), askedMs));
}
