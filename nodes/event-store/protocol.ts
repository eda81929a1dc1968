import type { Operation } from './front';
import type { EngineName } from './sqlite';
import type { StoreErrorCode } from './store';

/** What the worker is started with. */
export interface WorkerOptions {
  file: string;
  /** Default: node:sqlite where the runtime has it. */
  engine: EngineName | undefined;
  wall: number;
  mono: number;
  /** A text that no other opening has. */
  opening: string;
}

/** An operation's name and arguments. */
export type Call = [Operation, ...unknown[]];

/** One message carries many operations: a message each would cost more than the operations do. */
export type ToWorker =
  | { kind: 'batch'; wall: number; mono: number; calls: Call[] }
  /** Housekeeping; `probe` writes something in any case, to find out whether the disk works again. */
  | { kind: 'tick'; wall: number; mono: number; probe: boolean }
  | { kind: 'close'; wall: number; mono: number };

export interface Failure {
  code: StoreErrorCode;
  message: string;
}

/** What became of the calls of a batch, in their order; values and failures apart, because a message of plain values costs least. */
export interface Results {
  values: unknown[];
  failures: [index: number, failure: Failure][];
}

export type FromWorker =
  | { kind: 'open' }
  | { kind: 'failed'; failure: Failure }
  /** Results of the oldest batch that has none yet, in its order; `trouble`: what the disk's state is, where it was written to. */
  | { kind: 'results'; results: Results; trouble: Failure | undefined | 'unknown' }
  | { kind: 'ticked'; more: boolean; trouble: Failure | undefined | 'unknown' }
  | { kind: 'closed' };
