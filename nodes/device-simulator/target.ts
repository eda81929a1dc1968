import type { FaultKind } from './faults';
import type { Outgoing } from './injector';

/** What was put on the wire once and can be put there again by somebody who listened. */
export interface Capture {
  /** Events in it. */
  size: number;
  /** When, in milliseconds after the first time. */
  replayMs: number;
  replay(): void;
}

/** Where events go: into the flow, or over HTTP. */
export interface Target {
  /** Faults that mean nothing here. */
  readonly without: readonly FaultKind[];
  /** True while no more can be taken. */
  readonly full: boolean;
  /** True when nothing is gathered, on its way or waiting for another attempt. */
  readonly idle: boolean;
  send(event: Outgoing): void;
  /** No event follows for now: what is gathered goes. */
  flush(): void;
  /** Gives up what has not been sent; with `hard` also what is on its way. */
  abandon(hard: boolean): void;
}

/** What a target tells the run. */
export interface TargetEvents {
  /** Something was sent that is to be replayed. */
  captured(capture: Capture): void;
  /** Something happened (an answer, room for more): the run has a look. */
  changed(): void;
}
