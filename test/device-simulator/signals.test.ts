import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { deviceName, Fleet } from '../../nodes/device-simulator/fleet';
import { KINDS, type Profile, Signals } from '../../nodes/device-simulator/profiles';
import { integerAt, seedOf, uniformAt } from '../../nodes/device-simulator/random';
import { Schedule } from '../../nodes/device-simulator/schedule';
import { DAY, dailySwing, HOUR, wave } from '../../nodes/device-simulator/signal';

interface Line {
  device: number;
  seq: number;
  at: number;
  data: Record<string, unknown>;
}

function readings(profile: Profile, count: number, { seed = 'golden', devices = 7, intervalMs = 60_000 } = {}): Line[] {
  const number = seedOf(seed);
  const fleet = new Fleet(devices, new Schedule(number, intervalMs, 0.3), count);
  const signals = new Signals(number, profile, deviceName);
  const lines: Line[] = [];
  for (let reading = fleet.take(); reading; reading = fleet.take()) {
    const data = signals.read(reading.device, reading.seq, reading.at) as Record<string, unknown>;
    lines.push({ ...reading, data });
  }
  return lines;
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** The same on every version of Node.js: a change here changes what every saved seed gives. */
const GOLDEN: Record<(typeof KINDS)[number], string> = {
  temperature: 'd44f6d3f7478c3a3610e0eb0078eb966aa4ff0308cc76e688d0dffbe02f5effd',
  motion: 'b43a3bd45f1ff8dc240650e1a3230f3252944f4580624f4efff44278130ed6b7',
  door: '3729534ee76401af63f742523ce4e4dac9d23130d80208777e5e199447013ca9',
  energy: '67536c35225059c7e0db1dbfc27c2da85feb029892a4b4c57bcc5eacf718dbb7',
};

describe('device simulator: signals', () => {
  for (const kind of KINDS) {
    it(`${kind}: the same seed gives the same bytes on every version of Node.js`, () => {
      assert.equal(hash(readings(kind, 20_000)), GOLDEN[kind]);
    });
  }

  it('another seed gives other readings, and the number 42 is the text 42', () => {
    assert.notEqual(
      hash(readings('temperature', 100, { seed: 'a' })),
      hash(readings('temperature', 100, { seed: 'b' })),
    );
    assert.equal(seedOf(String(42)), seedOf('42'));
  });

  it('randomness is even', () => {
    const bins = Array.from({ length: 16 }, () => 0);
    for (let n = 0; n < 160_000; n++) bins[Math.floor(uniformAt(1, n % 100, Math.floor(n / 100), 5) * 16)]! += 1;
    for (const bin of bins) assert.ok(Math.abs(bin - 10_000) < 500, String(bins));
    assert.equal(integerAt(1, 2, 3, 4), integerAt(1, 2, 3, 4));
    assert.notEqual(integerAt(1, 2, 3, 4), integerAt(1, 3, 2, 4));
  });

  it('wave is a sine within 0.002, and the day is warmest in the afternoon', () => {
    for (let t = -2; t < 2; t += 0.01) assert.ok(Math.abs(wave(t) - Math.sin(2 * Math.PI * t)) < 0.002, String(t));
    assert.ok(dailySwing(17 * HOUR) > 0.99);
    assert.ok(dailySwing(5 * HOUR) < -0.99);
    assert.ok(Math.abs(dailySwing(17 * HOUR) - dailySwing(17 * HOUR + 5 * DAY)) < 1e-9);
  });

  it('temperature swings by the day, stays believable and does not jump', () => {
    const lines = readings('temperature', 7 * 1440 * 3);
    for (let device = 0; device < 7; device++) {
      const mine = lines.filter((line) => line.device === device);
      const values = mine.map((line) => line.data.temperature as number);
      assert.ok(Math.min(...values) > 5 && Math.max(...values) < 35);
      const mean = (from: number, to: number): number => {
        const some = mine.filter((line) => line.at % DAY >= from * HOUR && line.at % DAY < to * HOUR);
        return some.reduce((sum, line) => sum + (line.data.temperature as number), 0) / some.length;
      };
      assert.ok(mean(16, 18) - mean(4, 6) > 1.5, `device ${device}`);
      for (let n = 1; n < values.length; n++) assert.ok(Math.abs(values[n]! - values[n - 1]!) < 1);
    }
  });

  it('motion and doors come and go, a meter never falls, a battery runs down', () => {
    const motion = readings('motion', 7 * 1440).map((line) => line.data.motion);
    const share = motion.filter(Boolean).length / motion.length;
    assert.ok(share > 0.02 && share < 0.5, `motion ${share}`);
    const doors = readings('door', 7 * 1440);
    assert.ok(doors.some((line) => line.data.open) && doors.some((line) => !line.data.open));
    for (let device = 0; device < 7; device++) {
      const meter = readings('energy', 7 * 1440).filter((line) => line.device === device);
      for (let n = 1; n < meter.length; n++) {
        assert.ok((meter[n]!.data.energy as number) >= (meter[n - 1]!.data.energy as number));
      }
      const used = (meter.at(-1)!.data.energy as number) - (meter[0]!.data.energy as number);
      assert.ok(used > 2 && used < 60, `${used} kWh a day`);
      const battery = doors.filter((line) => line.device === device).map((line) => line.data.battery as number);
      assert.ok(battery.at(-1)! < battery[0]!);
    }
  });

  it('mixed deals the kinds out in turn', () => {
    const lines = readings('mixed', 400, { devices: 4 });
    const first = (device: number): string[] => Object.keys(lines.find((line) => line.device === device)!.data);
    assert.deepEqual(first(0), ['temperature', 'humidity', 'battery']);
    assert.deepEqual(first(1), ['motion', 'lux', 'battery']);
    assert.deepEqual(first(2), ['open', 'openings', 'battery']);
    assert.deepEqual(first(3), ['power', 'energy']);
  });
});

describe('device simulator: schedule', () => {
  it('readings come in the order of their times, each device counts from 1 and keeps its interval', () => {
    const fleet = new Fleet(50, new Schedule(seedOf('s'), 1000, 0.4), 5000);
    const seen = new Map<number, { seq: number; at: number }>();
    let last = 0;
    let taken = 0;
    for (let reading = fleet.take(); reading; reading = fleet.take()) {
      taken += 1;
      assert.ok(reading.at >= last);
      last = reading.at;
      const before = seen.get(reading.device);
      assert.equal(reading.seq, (before?.seq ?? 0) + 1);
      if (before) assert.ok(reading.at - before.at >= 600 && reading.at - before.at <= 1400);
      seen.set(reading.device, reading);
    }
    assert.equal(taken, 5000);
    assert.equal(seen.size, 50);
    assert.ok(Math.abs(last - 100_000) < 1500, 'a hundred intervals for a hundred readings each');
  });

  it('without jitter the interval is exact however long it goes on', () => {
    const schedule = new Schedule(1, 250, 0);
    assert.equal(schedule.dueAt(3, 1_000_001) - schedule.dueAt(3, 1), 250_000_000);
  });

  it('names have four digits or what the fleet needs', () => {
    assert.deepEqual(
      [deviceName(0), deviceName(9998), deviceName(9999)],
      ['device-0001', 'device-9999', 'device-10000'],
    );
  });
});
