/** The moment an operation happens: `wall` for people and due times, `t` for leases and windows. Milliseconds. */
export interface Moment {
  wall: number;
  t: number;
}

/**
 * The store's own time, for windows and leases. It runs with the monotonic clock, so that setting the wall clock neither ends
 * a claim early nor keeps it for ever, and goes on from where it was after a restart: as the wall clock says, less the jumps
 * it has made (`skew`), but never back.
 */
export class Timeline {
  readonly #offset: number;

  /**
   * @param wall and mono: both clocks at the opening
   * @param saved what the file says: `skew`, and the last time known
   */
  constructor(wall: number, mono: number, saved: { skew: number; last: number } = { skew: 0, last: 0 }) {
    this.#offset = Math.max(wall - saved.skew, saved.last) - mono;
  }

  at(wall: number, mono: number): Moment {
    return { wall, t: mono + this.#offset };
  }
}
