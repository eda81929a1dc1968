import { uniformAt } from './random';

const PHASE = 101;
const JITTER = 102;

/** When each reading is taken, in simulated milliseconds since the start of a run: computed, never the result of a timer. */
export class Schedule {
  constructor(
    readonly seed: number,
    /** Milliseconds between two readings of one device. */
    readonly intervalMs: number,
    /** 0..1: how much later than its place a reading may come, as a share of the interval. */
    readonly jitter: number,
  ) {}

  /** The due time of reading `seq` (from 1) of `device`; it grows with `seq`, because jitter never reaches the next place. */
  dueAt(device: number, seq: number): number {
    const place = uniformAt(this.seed, device, 0, PHASE) + seq - 1;
    return this.intervalMs * (place + this.jitter * uniformAt(this.seed, device, seq, JITTER));
  }
}
