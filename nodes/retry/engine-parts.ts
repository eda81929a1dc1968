import type { Store } from '../event-store/store';
import type { Clock } from '../shared/clock';
import type { BreakerState } from './breaker';
import type { Custody, Delivery, Message } from './delivery';
import type { RetryOptions } from './options';
import type { Progress } from './progress';

/** What an engine works with. */
export interface EngineParts {
  store: Store;
  queue: string;
  options: RetryOptions;
  clock: Clock;
  /** 0 (included) to 1. */
  random: () => number;
  /** A new event id; `owns` tells this node's ids from others'. */
  newId: () => string;
  owns: (id: string) => boolean;
  /** The lane of a message, undefined = none. */
  lane: (message: Message) => string | undefined;
  delivery: Delivery;
  /** Incoming messages not completed yet; used only with a store that is not durable. Outlives the engine. */
  custody: Map<string, Custody>;
  /** Something the status shows has changed. */
  changed: () => void;
  /** The store failed, or an output could not be served; the engine goes on. */
  problem: (error: unknown) => void;
}

/** What the status shows. */
export interface EngineCounts {
  /** Held and not under way. */
  waiting: number;
  inFlight: number;
  /** In the store's dead letters. */
  dead: number;
  breaker: BreakerState;
  paused: boolean;
}

/** An event in the hands of an engine. */
export interface Work {
  id: string;
  token: string;
  message: Message;
  laned: boolean;
  progress: Progress;
  /** Wall clock ms. */
  publishedAt: number;
}
