import assert from 'node:assert/strict';
import { FAULTS, type FaultKind, INVALID, parseFaults } from '../../nodes/device-simulator/faults';
import { Injector, type Outgoing } from '../../nodes/device-simulator/injector';

const DEVICES = 20;

interface Outcome {
  counts: Partial<Record<FaultKind, number>>;
  /** Everything that leaves, in order of leaving. */
  out: Outgoing[];
  taken: number;
}

/** Takes `rounds` readings of each of 20 devices, one a second. */
function outcome(faults: object, rounds: number, seed = 7): Outcome {
  const counts: Partial<Record<FaultKind, number>> = {};
  let number = 0;
  const injector = new Injector({
    seed,
    faults: parseFaults(faults),
    count: (kind) => {
      counts[kind] = (counts[kind] ?? 0) + 1;
    },
    issueInvalid: () => number++,
  });
  const out: Outgoing[] = [];
  for (let seq = 1; seq <= rounds; seq++) {
    for (let device = 0; device < DEVICES; device++) {
      if (injector.drops(device, seq)) continue;
      const at = seq * 1000 + device;
      out.push(
        ...injector.apply({ number: number++, device, seq, data: {}, time: at + injector.skew(device, seq) }, at),
      );
    }
  }
  out.push(...injector.release(rounds * 1000 + DEVICES));
  const order = out.map((event, index) => ({ event, index }));
  order.sort((a, b) => a.event.at - b.event.at || a.index - b.index);
  return { counts, out: order.map(({ event }) => event), taken: rounds * DEVICES };
}

const valid = (events: readonly Outgoing[]): Outgoing[] => events.filter((event) => !event.invalid);
const near = (found: number, expected: number, within: number): void =>
  assert.ok(Math.abs(found - expected) <= within, `${found} is not within ${within} of ${expected}`);

describe('device simulator: faults', () => {
  it('without faults every reading leaves once, when it is taken', () => {
    const { out, counts } = outcome({}, 50);
    assert.equal(out.length, 1000);
    assert.deepEqual(counts, {});
    for (const event of out) assert.equal(event.at, event.seq * 1000 + event.device);
  });

  // Four standard deviations of a share of 0.1 over 20,000 readings are 0.0085.
  for (const kind of ['drop', 'delay', 'clockSkew', 'reorder', ...INVALID] as const) {
    it(`${kind} happens at its rate`, () => {
      const { counts, taken } = outcome({ [kind]: 0.1 }, 1000);
      near(counts[kind]! / taken, 0.1, 0.0085);
    });
  }

  it('duplicate and replay are asked for at their rates, independently', () => {
    const { out, taken } = outcome({ duplicate: 0.1, replay: 0.2 }, 1000);
    const share = (test: (event: Outgoing) => boolean): number => out.filter(test).length / taken;
    near(
      share((event) => event.duplicateMs !== undefined),
      0.1,
      0.0085,
    );
    near(
      share((event) => event.replayMs !== undefined),
      0.2,
      0.0115,
    );
    near(
      share((event) => event.replayMs !== undefined && event.duplicateMs !== undefined),
      0.02,
      0.005,
    );
  });

  it('drop leaves a gap and nothing else', () => {
    const { out, counts, taken } = outcome({ drop: 0.3 }, 100);
    assert.equal(out.length, taken - counts.drop!);
  });

  it('delay moves the leaving, not the time in the event', () => {
    const { out, counts } = outcome({ delay: 0.2, delayMs: 2500 }, 100);
    const late = out.filter((event) => event.at !== event.time);
    assert.equal(late.length, counts.delay);
    for (const event of late) assert.equal(event.at - event.time, 2500);
  });

  it('clockSkew moves the time in the event, not the leaving', () => {
    const { out, counts } = outcome({ clockSkew: 0.2, clockSkewMs: -5000 }, 100);
    assert.equal(out.filter((event) => event.time - event.at === -5000).length, counts.clockSkew);
  });

  it('reorder: each one held back is overtaken by a later one of its device', () => {
    const { out, counts } = outcome({ reorder: 0.3 }, 200);
    let overtaken = 0;
    for (let device = 0; device < DEVICES; device++) {
      const order = out.filter((event) => event.device === device).map((event) => event.seq);
      order.forEach((seq, place) => {
        if (order.slice(0, place).some((earlier) => earlier > seq)) overtaken += 1;
      });
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, n) => n + 1),
      );
    }
    near(overtaken, counts.reorder!, DEVICES);
  });

  it('reorder at rate 1 still sends everything', () => {
    assert.equal(outcome({ reorder: 1 }, 100).out.length, 100 * DEVICES);
  });

  it('offline: readings of the outage leave together at its end, in order, with their old times', () => {
    const { out, counts } = outcome({ offline: 0.05, offlineMs: 4500 }, 400);
    assert.ok(counts.offline! > 100);
    const late = out.filter((event) => event.at !== event.time);
    assert.ok(late.length >= counts.offline! * 4);
    for (let device = 0; device < DEVICES; device++) {
      const order = out.filter((event) => event.device === device).map((event) => event.seq);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    }
    for (const event of late) assert.ok(event.at - event.time <= 4500 && event.at > event.time);
  });

  it('burst: gathered readings leave at one moment', () => {
    const { out, counts } = outcome({ burst: 0.05, burstSize: 5 }, 400);
    const moments = new Map<string, number>();
    for (const { device, at } of out) moments.set(`${device} ${at}`, (moments.get(`${device} ${at}`) ?? 0) + 1);
    const bursts = [...moments.values()].filter((size) => size === 5).length;
    near(bursts, counts.burst!, DEVICES);
    assert.equal(out.length, 400 * DEVICES);
  });

  for (const kind of INVALID) {
    it(`${kind} is a request of its own, with a number of its own, beside the valid event`, () => {
      const { out, counts, taken } = outcome({ [kind]: 0.2 }, 100);
      assert.equal(valid(out).length, taken);
      assert.equal(out.filter((event) => event.invalid === kind).length, counts[kind]);
      assert.equal(new Set(out.map((event) => event.number)).size, out.length);
    });
  }

  it('all together: every reading that is not dropped leaves exactly once, and a second run is the same', () => {
    const faults = { ...Object.fromEntries(FAULTS.map((kind) => [kind, 0.1])), offlineMs: 3000 };
    const first = outcome(faults, 300);
    const events = valid(first.out).map((event) => `${event.device}/${event.seq}`);
    assert.equal(events.length, first.taken - first.counts.drop!);
    assert.equal(new Set(events).size, events.length);
    assert.deepEqual(outcome(faults, 300), first);
    assert.notDeepEqual(outcome(faults, 300, 8), first);
  });

  it('what the target cannot show never happens', () => {
    const injector = new Injector({
      seed: 1,
      faults: parseFaults({ badSignature: 1, drop: 1 }),
      without: INVALID,
      count: () => undefined,
      issueInvalid: () => assert.fail('not wanted'),
    });
    assert.equal(injector.apply({ number: 0, device: 0, seq: 1, data: 1, time: 0 }, 0).length, 1);
    assert.ok(injector.drops(0, 1));
  });
});

describe('device simulator: reading the faults', () => {
  for (const nothing of ['', '  ', undefined, null, {}, '{}']) {
    it(`${JSON.stringify(nothing)} is none`, () => assert.deepEqual(parseFaults(nothing).rates, {}));
  }
  it('takes text and objects, and leaves out rates of 0', () => {
    assert.deepEqual(parseFaults('{"drop":0.5,"delay":0,"delayMs":7}').rates, { drop: 0.5 });
    assert.equal(parseFaults({ delayMs: 7 }).delayMs, 7);
  });
  const bad: [unknown, RegExp][] = [
    ['{', /faults: a JSON object is expected/],
    ['[]', /faults: a JSON object/],
    [7, /faults: a JSON object/],
    [{ drop: 1.5 }, /faults\.drop: a rate from 0 to 1/],
    [{ drop: '0.5' }, /faults\.drop: a rate/],
    [{ dropp: 0.5 }, /faults\.dropp: unknown; expected are duplicate, /],
    [{ delayMs: -1 }, /faults\.delayMs/],
    [{ burstSize: 1 }, /faults\.burstSize/],
  ];
  for (const [source, message] of bad) {
    it(`refuses ${JSON.stringify(source)}`, () => {
      assert.throws(() => parseFaults(source), message);
    });
  }
});
