import { Heap } from '../shared/heap';
import type { Schedule } from './schedule';

/** One measurement of one device, before anybody knows what happens to it. */
export interface Reading {
  device: number;
  /** Counts each device's readings from 1. */
  seq: number;
  /** Simulated milliseconds since the start of the run. */
  at: number;
}

/** The readings of a whole fleet in the order of their due times; one number a device is all it holds. */
export class Fleet {
  readonly #due: Float64Array;
  readonly #seq: Uint32Array;
  readonly #heap: Heap<number>;
  #taken = 0;

  /** @param count readings in all; 0 = without end */
  constructor(
    readonly devices: number,
    readonly schedule: Schedule,
    readonly count: number,
  ) {
    const due = new Float64Array(devices);
    this.#due = due;
    this.#seq = new Uint32Array(devices);
    // Equal times are settled by the device's number, so that the order is a matter of the settings alone.
    this.#heap = new Heap((a, b) => due[a]! < due[b]! || (due[a] === due[b] && a < b));
    for (let device = 0; device < devices; device++) {
      due[device] = schedule.dueAt(device, 1);
      this.#heap.push(device);
    }
  }

  /** When the next reading is due; undefined = there is none any more. */
  nextDue(): number | undefined {
    if (this.count > 0 && this.#taken >= this.count) return undefined;
    const device = this.#heap.peek();
    return device === undefined ? undefined : this.#due[device];
  }

  take(): Reading | undefined {
    const at = this.nextDue();
    if (at === undefined) return undefined;
    const device = this.#heap.peek()!;
    const seq = this.#seq[device]! + 1;
    this.#seq[device] = seq;
    this.#taken += 1;
    this.#due[device] = this.schedule.dueAt(device, seq + 1);
    this.#heap.settleTop();
    return { device, seq, at };
  }
}

/** `device-0001`: four digits, more where the fleet needs them. */
export function deviceName(device: number): string {
  return `device-${String(device + 1).padStart(4, '0')}`;
}
