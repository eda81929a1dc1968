import type { ClaimOptions } from '../../nodes/event-store/store';

interface ModelClaim {
  token: string | undefined;
  done: boolean;
  /** Id of the event that holds it. */
  holder: string | undefined;
  firstSeen: number;
  deadline: number;
  until: number;
}

interface ModelEvent {
  id: string;
  lane: string | undefined;
  dueAt: number;
  deliveries: number;
  order: number;
  token: string | undefined;
  key: string | undefined;
}

/** The contract in the simplest words: maps and searches through everything. What random operations on a store are compared with. */
export class Model {
  now = 0;
  #order = 0;
  readonly claims = new Map<string, ModelClaim>();
  readonly events = new Map<string, ModelEvent>();
  readonly dead: ModelEvent[] = [];

  #live(key: string): ModelClaim | undefined {
    const claim = this.claims.get(key);
    if (!claim || claim.holder !== undefined) return claim;
    if (claim.done ? claim.until > this.now : claim.deadline > this.now) return claim;
    this.claims.delete(key);
    return undefined;
  }

  state(key: string): 'first' | 'pending' | 'done' {
    const claim = this.#live(key);
    return !claim ? 'first' : claim.done ? 'done' : 'pending';
  }

  claim(key: string, options: ClaimOptions, token: string | undefined, holder?: string): void {
    this.claims.set(key, {
      token,
      done: options.confirmed ?? false,
      holder: options.confirmed ? undefined : holder,
      firstSeen: this.now,
      deadline: this.now + options.leaseMs,
      until: this.now + options.windowMs,
    });
  }

  leased(key: string, token: string): ModelClaim | undefined {
    const claim = this.#live(key);
    return claim && !claim.done && claim.holder === undefined && claim.token === token ? claim : undefined;
  }

  forget(key: string): number {
    const had = this.#live(key) ? 1 : 0;
    this.claims.delete(key);
    for (const event of [...this.events.values(), ...this.dead]) if (event.key === key) event.key = undefined;
    return had;
  }

  count(): number {
    return [...this.claims.keys()].filter((key) => this.#live(key)).length;
  }

  enqueue(id: string, dueAt: number, lane: string | undefined, token: string | undefined, key?: string): void {
    this.#order += 1;
    const deliveries = token ? 1 : 0;
    this.events.set(id, { id, lane, dueAt, deliveries, order: this.#order, token, key });
  }

  taken(id: string): boolean {
    return this.events.has(id) || this.dead.some((event) => event.id === id);
  }

  laneBusy(lane: string | undefined): boolean {
    return lane !== undefined && [...this.events.values()].some((event) => event.lane === lane);
  }

  eligible(): ModelEvent[] {
    const all = [...this.events.values()].sort((a, b) => a.order - b.order);
    return all
      .filter((event) => !event.token)
      .filter((event) => event.lane === undefined || all.find(({ lane }) => lane === event.lane) === event)
      .sort((a, b) => a.dueAt - b.dueAt || a.order - b.order);
  }

  due(limit: number): string[] {
    return this.eligible()
      .filter(({ dueAt }) => dueAt <= this.now)
      .slice(0, limit)
      .map(({ id }) => id);
  }

  acknowledge(event: ModelEvent): void {
    this.events.delete(event.id);
    const claim = event.key === undefined ? undefined : this.claims.get(event.key);
    if (claim) Object.assign(claim, { done: true, holder: undefined });
  }

  bury(event: ModelEvent, max: number): void {
    this.events.delete(event.id);
    this.dead.push(event);
    while (this.dead.length > max) this.purge(this.dead[0]?.id ?? '');
  }

  purge(id: string): void {
    const at = this.dead.findIndex((event) => event.id === id);
    const [event] = this.dead.splice(at, 1);
    if (event?.key !== undefined) this.claims.delete(event.key);
  }

  replay(id: string): void {
    const at = this.dead.findIndex((event) => event.id === id);
    const [event] = this.dead.splice(at, 1);
    if (event) this.enqueue(event.id, this.now, event.lane, undefined, event.key);
  }

  /** A restart: leases die with their holder. */
  restart(): void {
    for (const [key, claim] of this.claims) if (!claim.done && claim.holder === undefined) this.claims.delete(key);
    for (const event of this.events.values()) event.token = undefined;
  }
}
