import type { NodeStatus } from 'node-red';
import type { Simulator } from './simulator';

/** Over how long the rate is measured. */
const RATE_MS = 2000;

/** Renders the status of a simulator: sent, rate, lost, doubled. */
export class StatusText {
  #since: number;
  #sent = 0;
  #rate = 0;

  constructor(
    readonly simulator: Simulator,
    now: number,
  ) {
    this.#since = now;
  }

  /** @param now monotonic milliseconds */
  render(now: number): NodeStatus {
    const { sent, lost, doubled, unexpected } = this.simulator.numbers();
    if (sent < this.#sent) this.#sent = 0;
    if (now - this.#since >= RATE_MS) {
      this.#rate = ((sent - this.#sent) / (now - this.#since)) * 1000;
      this.#since = now;
      this.#sent = sent;
    }
    if (sent === 0 && !this.simulator.busy) return {};
    const parts = [`sent ${whole(sent)}`];
    if (this.simulator.running) parts.push(`${whole(this.#rate)}/s`);
    parts.push(`lost ${whole(lost)}`, `doubled ${whole(doubled)}`);
    if (unexpected > 0) parts.push(`unexpected ${whole(unexpected)}`);
    const bad = lost + doubled + unexpected > 0;
    return { fill: bad ? 'red' : 'green', shape: this.simulator.busy ? 'dot' : 'ring', text: parts.join(', ') };
  }
}

/** `12,345`, the same in every locale. */
function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}
