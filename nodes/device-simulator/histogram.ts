/** Buckets per doubling: quantiles are right to within 1.6 %. */
const STEPS = 64;
const UNIT_MS = 0.01;

/** Counts durations in buckets that grow with the value: 10 us to days in 9 kB, however many are recorded. */
export class Histogram {
  readonly #buckets = new Uint32Array(STEPS * 34);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  record(ms: number): void {
    const units = Math.min(2 ** 31, Math.max(0, Math.round(ms / UNIT_MS)));
    this.#buckets[bucketOf(units)]! += 1;
    this.#count += 1;
  }

  /** The duration in milliseconds that `share` (0..1) of all stay below; null = nothing recorded. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.max(1, Math.ceil(this.#count * share));
    for (let index = 0; index < this.#buckets.length; index++) {
      left -= this.#buckets[index]!;
      if (left <= 0) return Math.round(middleOf(index) * UNIT_MS * 100) / 100;
    }
    return null;
  }
}

function bucketOf(units: number): number {
  if (units < STEPS) return units;
  const shift = 31 - Math.clz32(units) - 6;
  return (shift + 1) * STEPS + (Math.floor(units / 2 ** shift) - STEPS);
}

/** The middle of a bucket. */
function middleOf(index: number): number {
  if (index < STEPS) return index;
  const shift = Math.floor(index / STEPS) - 1;
  return ((index % STEPS) + STEPS + 0.5) * 2 ** shift;
}
