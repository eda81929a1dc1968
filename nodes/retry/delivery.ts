import type { Cancel } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';

export type Message = Record<string, unknown>;

/** What `msg.retry` of an attempt says. */
export interface RetryInfo {
  id: string;
  attempt: number;
  attempts: number;
  /** When the message arrived, ISO 8601. */
  firstAt: string;
  lastError?: string;
}

/** What `msg.deadLetter` says; names as in Event Grid's dead-letter schema. */
export interface DeadLetterInfo {
  deadLetterReason: string;
  deliveryAttempts: number;
  lastDeliveryOutcome: string;
  /** ISO 8601. */
  publishTime: string;
  /** ISO 8601. */
  lastDeliveryAttemptTime: string;
}

/** The way out of the engine; the shell maps it to the node's outputs. */
export interface Delivery {
  /** A fresh copy of a message; throws where it cannot be copied. */
  copy(message: object): Message;
  /**
   * Sends an attempt on output 1 and follows it. Both callbacks may be called before it returns.
   * @returns stops following it; undefined where only a wired-back message decides
   */
  attempt(message: Message, heard: { outcome(outcome: Outcome): void; settling(): void }): Cancel | undefined;
  /** Output 2. */
  gaveUp(message: Message): void;
  /** Output 3. */
  succeeded(message: Message): void;
}

/** An incoming message the node has not completed yet, because only memory holds it. */
export interface Custody {
  message: Message;
  /** Completes the incoming message; called once. */
  done(): void;
}

/** `req` and `res` are the connection of an HTTP request: they cannot be stored, and copies of a message share them. */
export function withoutRequest(message: Message): Message {
  if (message.req === undefined && message.res === undefined) return message;
  const { req: _req, res: _res, ...rest } = message;
  return rest;
}

/** Gives a copy the connection of the message it was made of, where that is still at hand. */
export function withRequest(copy: Message, custody: Custody | undefined): Message {
  if (custody?.message.req !== undefined) copy.req = custody.message.req;
  if (custody?.message.res !== undefined) copy.res = custody.message.res;
  return copy;
}
