import { uniformAt } from './random';
import { between, DAY, type Draw, dailySwing, discharge, flip, HOUR, noise, rounded, walk } from './signal';

/** What one device can measure; `mixed` deals them out in turn. */
export const KINDS = ['temperature', 'motion', 'door', 'energy'] as const;
export type Kind = (typeof KINDS)[number];
export const PROFILES = [...KINDS, 'mixed', 'custom'] as const;
export type Profile = (typeof PROFILES)[number];

/** Where simulated time starts: a Wednesday at midnight UTC, never the wall clock. */
const EPOCH = Date.UTC(2025, 0, 1);

/** What a device remembers from one reading to the next. */
interface DeviceState {
  /** Simulated time of the last reading, milliseconds since EPOCH. */
  at: number;
  battery: number;
  drift: number;
  on: boolean;
  /** Openings of a door, Wh of a meter. */
  total: number;
  level: number;
}

/** Salts of a device's fixed traits (drawn with sequence 0) and of what is drawn anew for each reading. */
const TRAIT = { battery: 1, level: 2, swing: 3, life: 4, total: 5 };
const DRAW = { drift: 11, flip: 12, noise: 16, second: 20, lux: 24 };

type Reader = (state: DeviceState, at: number, elapsed: number, draw: Draw, trait: Draw) => Record<string, unknown>;

function celsius(state: DeviceState, at: number, draw: Draw, trait: Draw): number {
  state.drift = walk(state.drift, 0.08, draw, DRAW.drift);
  const swing = between(1.5, 5, trait(TRAIT.swing)) * dailySwing(at);
  return between(16, 24, trait(TRAIT.level)) + swing + state.drift + 0.08 * noise(draw, DRAW.noise);
}

function battery(state: DeviceState, elapsed: number, trait: Draw): number {
  state.battery = discharge(state.battery, elapsed, between(200, 700, trait(TRAIT.life)) * DAY);
  return rounded(state.battery, 1);
}

const READERS: Record<Kind, Reader> = {
  temperature(state, at, elapsed, draw, trait) {
    const temperature = celsius(state, at, draw, trait);
    // Warm air holds more water: the same air reads drier in the afternoon.
    const humidity = 55 - 1.6 * (temperature - 20) + 0.4 * noise(draw, DRAW.second);
    return {
      temperature: rounded(temperature, 2),
      humidity: rounded(Math.min(100, Math.max(0, humidity)), 1),
      battery: battery(state, elapsed, trait),
    };
  },
  motion(state, at, elapsed, draw, trait) {
    const busy = dailySwing(at) > -0.3;
    state.on = flip(state.on, elapsed, 20_000, busy ? 120_000 : 1_200_000, draw(DRAW.flip));
    const daylight = Math.max(0, dailySwing(at) + 0.2) * 400;
    const lux = daylight + (state.on && !busy ? 120 : 0) + 8 * draw(DRAW.lux);
    return { motion: state.on, lux: rounded(lux, 0), battery: battery(state, elapsed, trait) };
  },
  door(state, _at, elapsed, draw, trait) {
    const open = flip(state.on, elapsed, 15_000, 180_000, draw(DRAW.flip));
    if (open && !state.on) state.total += 1;
    state.on = open;
    return { open, openings: state.total, battery: battery(state, elapsed, trait) };
  },
  energy(state, at, elapsed, draw, trait) {
    // A kettle or an oven now and then over a base load that follows the day.
    const running = flip(state.on, elapsed, 300_000, 1_500_000, draw(DRAW.flip));
    if (running && !state.on) state.level = between(800, 2600, draw(DRAW.second));
    state.on = running;
    const base = between(120, 320, trait(TRAIT.swing)) * (1.3 + 0.5 * dailySwing(at));
    const power = base + (running ? state.level : 0) + 6 * noise(draw, DRAW.noise);
    state.total += (power * elapsed) / HOUR;
    return { power: rounded(power, 1), energy: rounded(state.total / 1000, 3) };
  },
};

/** Which kind of sensor a device is. */
export function kindOf(profile: Profile, device: number): Kind | 'custom' {
  return profile === 'mixed' ? KINDS[device % KINDS.length]! : profile;
}

/** What a custom template is evaluated over. */
export interface TemplateInput {
  device: string;
  /** Counts each device's readings from 1. */
  seq: number;
  /** Simulated time, ISO 8601: the same in every run with this seed. */
  time: string;
  /** A number that behaves like a temperature: daily swing, drift and noise. */
  signal: number;
}

/** Makes the data of readings; must be asked for a device's readings in their order. */
export class Signals {
  readonly #devices: (DeviceState | undefined)[] = [];

  constructor(
    readonly seed: number,
    readonly profile: Profile,
    readonly nameOf: (device: number) => string,
    readonly evaluate?: ((input: TemplateInput) => Promise<unknown>) | undefined,
  ) {}

  /** The data of reading `seq` (from 1) of `device`, taken `at` milliseconds after EPOCH; a promise only for `custom`. */
  read(device: number, seq: number, at: number): unknown {
    const draw: Draw = (salt) => uniformAt(this.seed, device, seq, salt);
    const trait: Draw = (salt) => uniformAt(this.seed, device, 0, salt);
    const state = this.#state(device, at, trait);
    const elapsed = at - state.at;
    state.at = at;
    const kind = kindOf(this.profile, device);
    if (kind !== 'custom') return READERS[kind](state, at, elapsed, draw, trait);
    return this.evaluate?.({
      device: this.nameOf(device),
      seq,
      time: new Date(EPOCH + at).toISOString(),
      signal: rounded(celsius(state, at, draw, trait), 2),
    });
  }

  #state(device: number, at: number, trait: Draw): DeviceState {
    let state = this.#devices[device];
    if (!state) {
      state = {
        at,
        battery: between(35, 100, trait(TRAIT.battery)),
        drift: 0,
        on: false,
        total: kindOf(this.profile, device) === 'energy' ? between(1e5, 9e6, trait(TRAIT.total)) : 0,
        level: 0,
      };
      this.#devices[device] = state;
    }
    return state;
  }
}
