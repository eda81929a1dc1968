import type { FaultKind } from './faults';
import { Histogram } from './histogram';

/** The verdict over a run; the names are public. */
export interface Report {
  /** Events put on the way, every repetition, attempt and invalid one counted. */
  sent: number;
  /** Valid events that were sent, each counted once. */
  unique: number;
  /** Of these, how many were taken: answered with 2xx, or handed to the flow. */
  delivered: number;
  /** Answers other than 2xx by status; connections that failed by their error code. */
  refused: Record<string, number>;
  /** Valid events that came back, each counted once. */
  processed: number;
  /** Valid events that did not come back; while the run sends, only those older than the grace time. */
  lost: number;
  /** Valid events that came back more than once. */
  doubled: number;
  /** What should never have got in: invalid events answered with 2xx or come back, and ids that were never sent. */
  unexpected: number;
  /** Every valid event was processed exactly once and nothing invalid got in; false where nothing was sent. */
  ok: boolean;
  faults: Partial<Record<FaultKind, number>>;
  /** From the first sending to the return; where nothing returns, to the answer. */
  latencyMs: { p50: number | null; p99: number | null };
}

const VALID = 1;
const SENT = 2;
const DELIVERED = 4;
const PROCESSED = 8;
const DOUBLED = 16;
const UNEXPECTED = 32;

const CHUNK = 65_536;
/** Events remembered: 64 Mi at nine bytes each at most. What is older keeps its verdict, and its late returns are not counted. */
const CHUNKS = 1024;

interface Chunk {
  state: Uint8Array;
  /** When each event was first sent, milliseconds since the start of the ledger. */
  sentAt: Float64Array;
  /** Valid events sent and not back yet. */
  pending: number;
  lastSent: number;
}

/**
 * Books what was sent against what came back. An event's number is in its id, so a few bytes an event in plain arrays are exact
 * for millions of them.
 */
export class Ledger {
  readonly #chunks: (Chunk | undefined)[] = [];
  #issued = 0;
  #forgottenPending = 0;
  #pending = 0;
  #sent = 0;
  #unique = 0;
  #delivered = 0;
  #processed = 0;
  #doubled = 0;
  #unexpected = 0;
  readonly #refused = new Map<string, number>();
  readonly #faults = new Map<FaultKind, number>();
  readonly #returns = new Histogram();
  readonly #answers = new Histogram();

  /** @param runId what every id of this run begins with; no character that a scheme or a header would mind */
  constructor(readonly runId: string) {}

  /** Valid events that are on their way. */
  get pending(): number {
    return this.#pending;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Books an event that is about to exist; its number makes its id. */
  issue(valid: boolean): number {
    const number = this.#issued++;
    let chunk = this.#chunks[Math.floor(number / CHUNK)];
    if (!chunk) {
      chunk = { state: new Uint8Array(CHUNK), sentAt: new Float64Array(CHUNK), pending: 0, lastSent: 0 };
      this.#chunks[Math.floor(number / CHUNK)] = chunk;
      this.#forget(Math.floor(number / CHUNK) - CHUNKS);
    }
    if (valid) chunk.state[number % CHUNK] = VALID;
    return number;
  }

  idOf(number: number): string {
    return `${this.runId}-${number.toString(36)}`;
  }

  /**
   * An event goes on its way, for the first time or again; `now` is milliseconds since the start of the ledger, `mistake` what
   * this sending is one of.
   */
  send(number: number, now: number, mistake?: FaultKind): void {
    this.#sent += 1;
    if (mistake) this.fault(mistake);
    const chunk = this.#chunks[Math.floor(number / CHUNK)];
    const at = number % CHUNK;
    if (!chunk || chunk.state[at]! & SENT) return;
    chunk.state[at]! |= SENT;
    chunk.sentAt[at] = now;
    if (!(chunk.state[at]! & VALID)) return;
    chunk.pending += 1;
    chunk.lastSent = now;
    this.#pending += 1;
    this.#unique += 1;
  }

  /** An event was taken; `ms` = how long the answer took, absent where there is none. */
  deliver(number: number, ms?: number): void {
    if (ms !== undefined) this.#answers.record(ms);
    const chunk = this.#chunks[Math.floor(number / CHUNK)];
    const at = number % CHUNK;
    if (!chunk) return;
    if (!(chunk.state[at]! & VALID)) this.#accuse(chunk, at);
    else if (!(chunk.state[at]! & DELIVERED)) {
      chunk.state[at]! |= DELIVERED;
      this.#delivered += 1;
    }
  }

  /** An event was answered with something else than 2xx, or with nothing. */
  refuse(code: string | number, ms?: number): void {
    if (ms !== undefined) this.#answers.record(ms);
    this.#refused.set(String(code), (this.#refused.get(String(code)) ?? 0) + 1);
  }

  fault(kind: FaultKind): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  /** An event came back from the end of the flow. False: the id is none of this run's. */
  process(id: string, now: number): boolean {
    if (!id.startsWith(this.runId) || id[this.runId.length] !== '-') return false;
    const number = this.#numberOf(id.slice(this.runId.length + 1));
    if (number === undefined) {
      this.#unexpected += 1;
      return true;
    }
    const chunk = this.#chunks[Math.floor(number / CHUNK)];
    if (!chunk) return true;
    const at = number % CHUNK;
    const state = chunk.state[at]!;
    if (!(state & VALID) || !(state & SENT)) this.#accuse(chunk, at);
    else if (!(state & PROCESSED)) {
      chunk.state[at] = state | PROCESSED;
      chunk.pending -= 1;
      this.#pending -= 1;
      this.#processed += 1;
      this.#returns.record(now - chunk.sentAt[at]!);
    } else if (!(state & DOUBLED)) {
      chunk.state[at] = state | DOUBLED;
      this.#doubled += 1;
    }
    return true;
  }

  /** @param since with a time: what was first sent after it is still on its way and not lost */
  report(since?: number): Report {
    const lost = since === undefined ? this.#pending : this.lost(since);
    const latency = this.#returns.count > 0 ? this.#returns : this.#answers;
    return {
      sent: this.#sent,
      unique: this.#unique,
      delivered: this.#delivered,
      refused: Object.fromEntries(this.#refused),
      processed: this.#processed,
      lost,
      doubled: this.#doubled,
      unexpected: this.#unexpected,
      ok: this.#unique > 0 && this.#pending === 0 && this.#doubled === 0 && this.#unexpected === 0,
      faults: Object.fromEntries(this.#faults),
      latencyMs: { p50: latency.quantile(0.5), p99: latency.quantile(0.99) },
    };
  }

  get doubled(): number {
    return this.#doubled;
  }

  get unexpected(): number {
    return this.#unexpected;
  }

  /** How many valid events were sent up to `since` and are not back; only chunks on the edge are looked through. */
  lost(since: number): number {
    let lost = this.#forgottenPending;
    for (const chunk of this.#chunks) {
      if (!chunk || chunk.pending === 0) continue;
      if (chunk.lastSent <= since) lost += chunk.pending;
      else {
        for (let at = 0; at < CHUNK; at++) {
          if ((chunk.state[at]! & (VALID | SENT | PROCESSED)) === (VALID | SENT) && chunk.sentAt[at]! <= since)
            lost += 1;
        }
      }
    }
    return lost;
  }

  #accuse(chunk: Chunk, at: number): void {
    if (chunk.state[at]! & UNEXPECTED) return;
    chunk.state[at]! |= UNEXPECTED;
    this.#unexpected += 1;
  }

  #numberOf(text: string): number | undefined {
    if (!/^[0-9a-z]{1,10}$/.test(text)) return undefined;
    const number = Number.parseInt(text, 36);
    return number < this.#issued && number.toString(36) === text ? number : undefined;
  }

  #forget(index: number): void {
    this.#forgottenPending += this.#chunks[index]?.pending ?? 0;
    if (index >= 0) this.#chunks[index] = undefined;
  }
}
