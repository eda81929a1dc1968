import type { FaultKind, Faults, InvalidKind } from './faults';
import { INVALID } from './faults';
import { uniformAt } from './random';

/** What the device wants to send: a reading with its data and the time its clock shows. */
export interface Sample {
  /** The event's number in the ledger. */
  number: number;
  device: number;
  seq: number;
  data: unknown;
  /** Wall clock milliseconds at which the reading was taken, with the skew of the device's clock. */
  time: number;
}

/** One sample on its way, with what is to happen to it there. */
export interface Outgoing extends Sample {
  /** Simulated milliseconds at which it leaves. */
  at: number;
  /** A request that must be refused, built from the sample but with a number of its own. */
  invalid?: InvalidKind;
  /** Sent once more by the device so many milliseconds after it has left. */
  duplicateMs?: number;
  /** The same bytes sent once more by somebody who listened, so many milliseconds after. */
  replayMs?: number;
  /** A repetition: counted as this fault when it is sent. */
  repeats?: 'duplicate';
}

/** At most so many readings of a device in a row are held back by `reorder`, so that a rate of 1 still sends. */
const HELD_IN_A_ROW = 3;
const SALT: Record<FaultKind | 'moment' | 'way', number> = {
  duplicate: 201,
  reorder: 202,
  drop: 203,
  delay: 204,
  offline: 205,
  replay: 206,
  badSignature: 207,
  missingSignature: 208,
  clockSkew: 209,
  malformed: 210,
  oversize: 211,
  truncated: 212,
  burst: 213,
  moment: 214,
  way: 215,
};

interface Troubled {
  held: Outgoing[];
  /** How many of the gathered burst are still to come; 0 = no burst. */
  gathering: number;
  gathered: Outgoing[];
  offlineUntil: number;
}

export interface InjectorOptions {
  seed: number;
  faults: Faults;
  /** Faults that mean nothing to the target; they never happen. */
  without?: readonly FaultKind[];
  count(kind: FaultKind): void;
  /** Books an event that must be refused. */
  issueInvalid(): number;
}

/**
 * Turns readings into what really leaves a device. Every decision follows from seed, device and sequence number, and every
 * time is a simulated one, so the same run makes the same mistakes.
 */
export class Injector {
  faults: Faults;
  readonly #troubled = new Map<number, Troubled>();

  constructor(readonly options: InjectorOptions) {
    this.faults = options.faults;
  }

  /** Whether the reading is lost before it leaves the device; asked before it is booked. */
  drops(device: number, seq: number): boolean {
    return this.#hits('drop', device, seq);
  }

  /** What the device's clock shows wrong at this reading, milliseconds. */
  skew(device: number, seq: number): number {
    return this.#hits('clockSkew', device, seq) ? this.faults.clockSkewMs : 0;
  }

  /** What leaves because of a sample taken at `at`; in order of leaving where the times are equal. */
  apply(sample: Sample, at: number): Outgoing[] {
    const { device, seq } = sample;
    const out: Outgoing[] = [];
    const event: Outgoing = { ...sample, at };
    const draw = (salt: number): number => uniformAt(this.options.seed, device, seq, salt);
    if (this.#wanted('duplicate') && draw(SALT.duplicate) < (this.faults.rates.duplicate ?? 0)) {
      // Half of them at once, as after a lost answer; the others up to a second later.
      event.duplicateMs = draw(SALT.way) < 0.5 ? 0 : 1000 * draw(SALT.moment);
    }
    if (this.#wanted('replay') && draw(SALT.replay) < (this.faults.rates.replay ?? 0)) {
      event.replayMs = 500 + 1500 * draw(SALT.moment);
    }
    if (this.#hits('delay', device, seq)) event.at += this.faults.delayMs;
    this.#hold(event, out);
    for (const kind of INVALID) {
      if (this.#hits(kind, device, seq)) {
        out.push({ ...sample, number: this.options.issueInvalid(), at, invalid: kind });
      }
    }
    return out;
  }

  /** No reading comes any more: what was held back for a later one leaves now. */
  release(at: number): Outgoing[] {
    const out: Outgoing[] = [];
    for (const trouble of this.#troubled.values()) {
      for (const event of [...trouble.gathered, ...trouble.held]) out.push({ ...event, at: Math.max(at, event.at) });
    }
    this.#troubled.clear();
    return out;
  }

  /** Offline, burst and reorder: three reasons to leave later than taken. */
  #hold(event: Outgoing, out: Outgoing[]): void {
    const { device, seq } = event;
    const { rates, offlineMs, burstSize } = this.faults;
    let trouble = this.#troubled.get(device);
    if (!trouble && !rates.offline && !rates.burst && !rates.reorder) {
      out.push(event);
      return;
    }
    if (!trouble) {
      trouble = { held: [], gathering: 0, gathered: [], offlineUntil: 0 };
      this.#troubled.set(device, trouble);
    }
    const taken = event.at;
    if (taken >= trouble.offlineUntil && this.#hits('offline', device, seq)) trouble.offlineUntil = taken + offlineMs;
    if (taken < trouble.offlineUntil) event.at = trouble.offlineUntil;
    if (trouble.gathering === 0 && this.#hits('burst', device, seq)) trouble.gathering = burstSize;
    if (trouble.gathering > 0) {
      trouble.gathered.push(event);
      trouble.gathering -= 1;
      if (trouble.gathering > 0) return;
      const last = trouble.gathered.reduce((latest, other) => Math.max(latest, other.at), 0);
      for (const gathered of trouble.gathered) out.push({ ...gathered, at: last });
      trouble.gathered = [];
    } else if (trouble.held.length < HELD_IN_A_ROW && this.#hits('reorder', device, seq)) {
      trouble.held.push(event);
      return;
    } else {
      out.push(event);
    }
    // The one that has just left has overtaken those that were held.
    const leaving = out.at(-1)?.at ?? taken;
    for (const held of trouble.held) out.push({ ...held, at: Math.max(leaving, held.at) });
    trouble.held = [];
    if (trouble.gathering === 0 && taken >= trouble.offlineUntil) this.#troubled.delete(device);
  }

  #wanted(kind: FaultKind): boolean {
    return this.faults.rates[kind] !== undefined && !this.options.without?.includes(kind);
  }

  /** Whether a fault strikes here; counts it. */
  #hits(kind: FaultKind, device: number, seq: number): boolean {
    if (!this.#wanted(kind)) return false;
    const struck = uniformAt(this.options.seed, device, seq, SALT[kind]) < (this.faults.rates[kind] ?? 0);
    if (struck) this.options.count(kind);
    return struck;
  }
}
