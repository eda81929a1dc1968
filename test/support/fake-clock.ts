import type { Cancel, Clock } from '../../nodes/shared/clock';

/** A clock that stands still until told otherwise. `jump` moves only the wall clock, as setting the time does. */
export class FakeClock implements Clock {
  #wall: number;
  #mono = 0;
  #timers: { due: number; callback: () => void }[] = [];

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, callback: () => void): Cancel {
    const timer = { due: this.#mono + Math.max(0, ms), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets `ms` pass, firing timers in order at their times. */
  tick(ms: number): void {
    const end = this.#mono + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#wall += next.due - this.#mono;
      this.#mono = next.due;
      next.callback();
    }
    this.#wall += end - this.#mono;
    this.#mono = end;
  }

  /** `tick` in steps, letting promises settle between them. */
  async pass(ms: number, step = ms): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.tick(Math.min(step, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
