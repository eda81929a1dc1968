import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { FaultKind } from '../../nodes/device-simulator/faults';
import type { Report } from '../../nodes/device-simulator/ledger';
import { readSettings } from '../../nodes/device-simulator/settings';
import { Simulator, type SimulatorOptions } from '../../nodes/device-simulator/simulator';
import { FakeClock } from '../support/fake-clock';

// biome-ignore lint/suspicious/noExplicitAny: a message
type Msg = Record<string, any>;

/** A simulator on a fake clock; `flow` gets each event and says which ids come back. */
function rehearse(
  fields: object,
  flow: (msg: Msg) => string[] = (msg) => [msg.event.id],
  more: Partial<SimulatorOptions> = {},
) {
  const clock = new FakeClock();
  const events: { msg: Msg; at: number }[] = [];
  const reports: Report[] = [];
  const skipped: (readonly string[])[] = [];
  const errors: Error[] = [];
  let runs = 0;
  const simulator: Simulator = new Simulator({
    settings: readSettings(fields),
    clock,
    random: () => 0.5,
    newRunId: () => `run${++runs}`,
    emit: (msg) => {
      events.push({ msg, at: clock.monotonic() });
      for (const id of flow(msg)) simulator.processed(id);
    },
    ended: (report) => reports.push(report),
    changed: () => undefined,
    failed: (error) => errors.push(error),
    skipped: (kinds) => skipped.push(kinds),
    ...more,
  });
  /** Lets time pass in small steps until the run has ended. */
  const finish = async (limitMs = 600_000): Promise<Report> => {
    for (let passed = 0; passed < limitMs && reports.length === 0; passed += 20) await clock.pass(20);
    assert.equal(reports.length, 1, 'the run has ended with one report');
    return reports[0]!;
  };
  return { simulator, clock, events, reports, skipped, errors, finish };
}

/** What has to be the same in every run: not the ids, not the wall clock. */
const essence = (events: { msg: Msg }[]): string =>
  createHash('sha256')
    .update(
      events
        .map(
          ({ msg }) => `${msg.event.source} ${msg.event.type} ${msg.event.sequence} ${JSON.stringify(msg.payload)}\n`,
        )
        .join(''),
    )
    .digest('hex');

describe('device simulator: a run', () => {
  it('sends exactly the message that webhook in would make', async () => {
    const { simulator, events, finish } = rehearse({ devices: 1, count: 1, seed: 's' });
    simulator.start();
    const report = await finish();
    const { msg } = events[0]!;
    assert.deepEqual(Object.keys(msg), ['payload', 'topic', 'event']);
    assert.equal(msg.topic, 'surewire.reading.temperature');
    assert.deepEqual(Object.keys(msg.payload), ['temperature', 'humidity', 'battery']);
    assert.deepEqual(msg.event, {
      id: 'run2-0',
      type: 'surewire.reading.temperature',
      source: '/devices/device-0001',
      time: msg.event.time,
      datacontenttype: 'application/json',
      sequence: '0000000001',
      device: 'device-0001',
      receivedAt: msg.event.receivedAt,
    });
    assert.deepEqual(
      { ...report, latencyMs: 0 },
      {
        sent: 1,
        unique: 1,
        delivered: 1,
        refused: {},
        processed: 1,
        lost: 0,
        doubled: 0,
        unexpected: 0,
        ok: true,
        faults: {},
        latencyMs: 0,
      },
    );
  });

  const GOLDEN = '394cd5c225e1af6a837fabe4196e2cdc0e450ba5c9d8efc5923da95073ea2c00';
  const mixed = {
    devices: 8,
    profile: 'mixed',
    count: 2000,
    seed: 42,
    intervalMs: 500,
    faults: {
      duplicate: 0.1,
      reorder: 0.1,
      drop: 0.05,
      delay: 0.05,
      offline: 0.01,
      replay: 0.05,
      burst: 0.02,
      clockSkew: 0.1,
    },
  };
  it('the order, too, is the same on every version of Node.js and however fast it may send', async () => {
    for (const maxRate of [1_000_000, 13]) {
      const { simulator, events, finish } = rehearse({ ...mixed, maxRate }, () => []);
      simulator.start();
      await finish();
      assert.equal(essence(events), GOLDEN, `maxRate ${maxRate}`);
    }
  });

  it('with every fault that a message can have, a flow that drops repetitions is judged ok', async () => {
    const seen = new Set<string>();
    const { simulator, finish } = rehearse(mixed, (msg) => {
      if (seen.has(msg.event.id)) return [];
      seen.add(msg.event.id);
      return [msg.event.id];
    });
    simulator.start();
    const report = await finish();
    assert.ok(report.ok);
    assert.equal(report.unique, 2000 - report.faults.drop!);
    assert.equal(report.sent, report.unique + report.faults.duplicate! + report.faults.replay!);
    for (const kind of Object.keys(mixed.faults) as FaultKind[]) assert.ok(report.faults[kind]! > 0, kind);
  });

  it('a flow that does not drop repetitions is judged to double as many', async () => {
    const { simulator, finish } = rehearse({ devices: 5, count: 500, faults: { duplicate: 0.2 } });
    simulator.start();
    const report = await finish();
    assert.equal(report.doubled, report.faults.duplicate);
    assert.equal(report.ok, false);
    assert.equal(report.lost, 0);
  });

  it('a copy that comes half a second later is still in the report', async () => {
    const holder = rehearse({ devices: 2, count: 20 }, (msg) => {
      holder.clock.after(500, () => holder.simulator.processed(msg.event.id));
      return [msg.event.id];
    });
    holder.simulator.start();
    assert.equal((await holder.finish()).doubled, 20);
  });

  it('ends the grace time after the last sending where nothing comes back, and calls it lost', async () => {
    const { simulator, clock, events, finish } = rehearse({ devices: 1, count: 3, grace: 2 }, () => []);
    simulator.start();
    const report = await finish();
    assert.deepEqual([report.lost, report.processed, report.ok], [3, 0, false]);
    const waited = clock.monotonic() - events.at(-1)!.at;
    assert.ok(waited >= 2000 && waited < 2400, String(waited));
  });

  it('keeps its pace without drift: a hundred devices, a minute', async () => {
    const { simulator, clock, events } = rehearse({ devices: 100, intervalMs: 1000 });
    simulator.start();
    await clock.pass(60_000, 7);
    assert.ok(Math.abs(events.length - 6000) <= 10, String(events.length));
    simulator.close();
  });

  it('never exceeds maxRate, and does not fall behind it', async () => {
    const { simulator, clock, events } = rehearse({ devices: 100, intervalMs: 100, maxRate: 50 });
    simulator.start();
    await clock.pass(20_000, 10);
    assert.ok(Math.abs(events.length - 1000) <= 6, String(events.length));
    for (let n = 0; n + 55 < events.length; n++) assert.ok(events[n + 55]!.at - events[n]!.at >= 999);
    simulator.close();
  });

  it('stop: nothing new is sent, and what was sent is accounted for', async () => {
    const { simulator, clock, events, finish } = rehearse({ devices: 10, intervalMs: 100, faults: { offline: 0.2 } });
    simulator.start();
    await clock.pass(3000, 10);
    simulator.stop();
    const sent = events.length;
    assert.ok(!simulator.running && simulator.busy);
    const report = await finish();
    assert.equal(events.length, sent);
    assert.ok(report.ok);
    assert.equal(report.unique, sent);
  });

  it('a second stop does not wait for the grace time', async () => {
    const { simulator, clock, reports } = rehearse({ grace: 3600 }, () => []);
    simulator.start();
    await clock.pass(3000, 10);
    simulator.stop();
    assert.equal(reports.length, 0);
    simulator.stop();
    assert.equal(reports.length, 1);
    assert.ok(reports[0]!.lost > 0);
  });

  it('a start after a stop: the run that was stopped ends with its report', async () => {
    const { simulator, clock, reports } = rehearse({ grace: 3600 }, () => []);
    simulator.start();
    await clock.pass(3000, 10);
    simulator.stop();
    const { sent } = simulator.report();
    simulator.start();
    assert.deepEqual(
      reports.map((report) => report.sent),
      [sent],
    );
    assert.equal(simulator.running, true);
  });

  it('no data: an empty payload, as webhook in makes of it', async () => {
    const { simulator, events, finish } = rehearse({ profile: 'custom', template: 'x', count: 1 }, undefined, {
      evaluate: async () => undefined,
    });
    simulator.start();
    await finish();
    assert.equal(events[0]!.msg.payload, '');
  });

  it('start while it runs is ignored; a new run has new ids, and ids of the old one are foreign to it', async () => {
    const { simulator, clock, events } = rehearse({ devices: 1, count: 5 }, () => []);
    simulator.start();
    await clock.pass(3000, 10);
    simulator.start();
    await clock.pass(20_000, 10);
    assert.equal(events.length, 5);
    simulator.start();
    await clock.pass(20_000, 10);
    assert.equal(new Set(events.map(({ msg }) => msg.event.id)).size, 10);
    simulator.processed(events[0]!.msg.event.id);
    assert.equal(simulator.report().processed, 0);
    simulator.processed(events[5]!.msg.event.id);
    assert.equal(simulator.report().processed, 1);
  });

  it('reset: an empty ledger, and a run that was under way begins anew', async () => {
    const { simulator, clock, events } = rehearse({ devices: 10, intervalMs: 100 });
    simulator.start();
    await clock.pass(1000, 10);
    assert.ok(simulator.report().sent > 50);
    simulator.reset();
    assert.equal(simulator.report().sent, 0);
    assert.ok(simulator.running);
    await clock.pass(1000, 10);
    assert.equal(events.filter(({ msg }) => msg.event.sequence === '0000000001').length, 20);
    simulator.stop();
    simulator.reset();
    assert.ok(!simulator.running);
    assert.deepEqual(simulator.report().unique, 0);
  });

  it('while it sends, a fresh event is on its way and an old one is lost', async () => {
    const { simulator, clock, events } = rehearse({ devices: 10, intervalMs: 1000, grace: 5 }, () => []);
    simulator.start();
    await clock.pass(4000, 10);
    assert.equal(simulator.report().lost, 0);
    await clock.pass(6000, 10);
    const { lost, unique } = simulator.report();
    assert.equal(unique, events.length);
    assert.ok(Math.abs(lost - 50) <= 3, String(lost));
    simulator.stop();
    await clock.pass(20_000, 100);
    assert.equal(simulator.report().lost, unique);
  });

  it('faults change while it runs, for the better and the worse', async () => {
    const { simulator, clock } = rehearse({ devices: 10, intervalMs: 100, faults: { drop: 1 } });
    simulator.start();
    await clock.pass(2000, 10);
    assert.equal(simulator.report().unique, 0);
    simulator.setFaults({ duplicate: 1 });
    await clock.pass(2000, 10);
    const { unique, faults } = simulator.report();
    assert.ok(unique > 150);
    assert.ok(faults.duplicate! > 50);
    assert.throws(() => simulator.setFaults({ duplicate: 2 }), /faults\.duplicate/);
    simulator.close();
  });

  it('says which faults a message cannot have, and leaves them out', async () => {
    const { simulator, skipped, finish } = rehearse({ count: 50, faults: { badSignature: 1, oversize: 1, drop: 0.1 } });
    simulator.start();
    const report = await finish();
    assert.deepEqual(skipped, [['badSignature', 'oversize']]);
    assert.deepEqual(Object.keys(report.faults), ['drop']);
    assert.ok(report.ok);
  });

  it('a batch of messages has the parts that core join needs; the rest of it comes after a second', async () => {
    const { simulator, events, finish } = rehearse({ devices: 4, count: 10, batch: 4 });
    simulator.start();
    await finish();
    assert.deepEqual(
      events.map(({ msg }) => [msg.parts.index, msg.parts.count, msg.parts.type, msg.parts.len]),
      [0, 1, 2, 3, 0, 1, 2, 3, 0, 1].map((index, n) => [index, n < 8 ? 4 : 2, 'array', 1]),
    );
    assert.equal(new Set(events.map(({ msg }) => msg.parts.id)).size, 3);
  });

  it('a flow that changes what it got does not change the repetition', async () => {
    const payloads: unknown[] = [];
    const { simulator, finish } = rehearse({ devices: 1, count: 1, faults: { duplicate: 1, replay: 1 } }, (msg) => {
      payloads.push(structuredClone(msg.payload));
      msg.payload.temperature = 'changed';
      return [];
    });
    simulator.start();
    await finish();
    assert.equal(payloads.length, 3);
    assert.deepEqual(payloads[1], payloads[0]);
    assert.deepEqual(payloads[2], payloads[0]);
  });

  it('custom: the template makes the data, from simulated time only', async () => {
    const inputs: unknown[] = [];
    const { simulator, events, finish } = rehearse(
      { profile: 'custom', template: 'x', devices: 2, count: 6, seed: 1 },
      undefined,
      {
        evaluate: async (input) => {
          inputs.push(input);
          return { n: input.seq, v: input.signal };
        },
      },
    );
    simulator.start();
    assert.ok((await finish()).ok);
    assert.equal(events[0]!.msg.topic, 'surewire.reading.custom');
    const first = inputs[0] as Record<string, unknown>;
    assert.deepEqual(Object.keys(first), ['device', 'seq', 'time', 'signal']);
    assert.equal(typeof first.signal, 'number');
    assert.match(String(first.time), /^2025-01-01T00:00:0/);
  });

  it('a template that fails stops the run with its error', async () => {
    const { simulator, errors, clock, reports } = rehearse({ profile: 'custom', template: 'x' }, undefined, {
      evaluate: async () => Promise.reject(new Error('template: no')),
    });
    simulator.start();
    await clock.pass(20_000, 100);
    assert.deepEqual(
      errors.map((error) => error.message),
      ['template: no'],
    );
    assert.equal(reports.length, 1);
    assert.ok(!simulator.running);
  });
});

describe('device simulator: settings', () => {
  it('absent fields are the defaults', () => {
    const { faults: _, ...settings } = readSettings({});
    assert.deepEqual(settings, {
      devices: 10,
      profile: 'temperature',
      template: '',
      intervalMs: 1000,
      jitter: 0.1,
      count: 0,
      seed: '',
      maxRate: 1000,
      target: 'message',
      url: '',
      batch: 1,
      senderRetries: 5,
      autostart: false,
      grace: 5,
    });
  });
  const bad: [object, RegExp][] = [
    [{ devices: 0 }, /^devices: expected a whole number from 1/],
    [{ profile: 'wind' }, /^profile: expected one of temperature, /],
    [{ intervalMs: 'soon' }, /^intervalMs: expected a number/],
    [{ jitter: 2 }, /^jitter/],
    [{ maxRate: 0 }, /^maxRate/],
    [{ target: 'http' }, /^url: expected an http or https address/],
    [{ target: 'http', url: 'ftp://x' }, /^url/],
    [{ profile: 'custom' }, /^template: expected a JSONata/],
    [{ faults: '{"x":1}' }, /^faults\.x: unknown/],
  ];
  for (const [fields, message] of bad) {
    it(`refuses ${JSON.stringify(fields)}`, () => {
      assert.throws(() => readSettings(fields), { message });
    });
  }
});
