import type { Cancel, Clock } from '../clock';
import type { OutcomeTracker, TrackOptions } from './contract';

/** The tracker of a runtime without hooks: it hears nothing but the clock. */
export class TimeoutsOnly implements OutcomeTracker {
  readonly available = false;

  constructor(private readonly clock: Clock) {}

  track(_msg: object, _nodeId: string, wired: boolean, options: TrackOptions): Cancel {
    if (!wired) return this.clock.after(0, () => options.onOutcome({ kind: 'success' }));
    if (!options.timeoutMs) return () => {};
    return this.clock.after(options.timeoutMs, () => options.onOutcome({ kind: 'timeout' }));
  }

  report(): void {}

  keeps(): void {}
}
