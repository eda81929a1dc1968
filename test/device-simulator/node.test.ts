import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Report } from '../../nodes/device-simulator/ledger';
import { selfSigned } from '../support/certificate';
import { type FlowNode, flow, freePort, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { receiver } from './receiver';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** A simulator whose outputs go to the probes `events` and `report`. */
const simulator = (more: Record<string, unknown> = {}): FlowNode[] => [
  { id: 'sim', type: 'surewire-device-simulator', intervalMs: 50, grace: 1, wires: [['events'], ['report']], ...more },
  { id: 'events', type: 'test-probe', name: 'events', wires: [[]] },
  { id: 'report', type: 'test-probe', name: 'report', wires: [[]] },
];

const auth: FlowNode = { id: 'auth', type: 'surewire-webhook-auth', name: 'std', credentials: { secret: SECRET } };

describe('device simulator: in Node-RED', () => {
  let red: RunningNodeRed;
  before(async () => {
    red = await startNodeRed({ flows: flow(simulator()) });
  });
  after(() => red.stop());
  beforeEach(() => {
    red.messages.length = 0;
    red.statuses.length = 0;
  });

  const report = async (n = 1): Promise<Report> => (await red.message('report', n)).payload as Report;

  it('a flow file with nothing but the type behaves as the defaults say', async () => {
    await red.deploy(
      flow([
        { id: 'sim', type: 'surewire-device-simulator', wires: [['events'], ['report']] },
        ...simulator().slice(1),
      ]),
    );
    await red.inject('sim', { payload: 'start' });
    const first = await red.message('events');
    assert.match(first.event.source, /^\/devices\/device-00\d\d$/);
    assert.equal(typeof first._msgid, 'string');
    await red.statusWith(
      'sim',
      (status) => status.fill === 'green' && /^sent \d+, \d+\/s, lost 0, doubled 0$/.test(String(status.text)),
    );
    await red.inject('sim', { payload: 'report' });
    assert.ok((await report()).sent > 0);
  });

  it('each event is a message of its own', async () => {
    await red.deploy(flow(simulator({ count: 20 })));
    await red.inject('sim', { payload: 'start' });
    await red.message('events', 20);
    assert.equal(new Set(red.seen('events').map((msg) => msg._msgid)).size, 20);
  });

  it('events wired back are processed; the run ends by itself with ok', async () => {
    await red.deploy(flow(simulator({ count: 30, devices: 3, wires: [['sim', 'events'], ['report']] })));
    await red.inject('sim', { payload: 'start' });
    const verdict = await report();
    assert.deepEqual([verdict.unique, verdict.processed, verdict.lost, verdict.ok], [30, 30, 0, true]);
    assert.equal(red.seen('events').length, 30);
    const status = await red.statusWith('sim', ({ shape }) => shape === 'ring');
    assert.deepEqual(status, { fill: 'green', shape: 'ring', text: 'sent 30, lost 0, doubled 0' });
  });

  it('an end that is not wired back is told as lost', async () => {
    await red.deploy(flow(simulator({ count: 5 })));
    await red.inject('sim', { payload: 'start' });
    const verdict = await report();
    assert.deepEqual([verdict.processed, verdict.lost, verdict.ok], [0, 5, false]);
    assert.equal((await red.statusWith('sim', ({ shape }) => shape === 'ring')).fill, 'red');
  });

  it('a payload that looks like a command is none in an event', async () => {
    await red.deploy(flow(simulator({ wires: [[], ['report']] })));
    await red.inject('sim', { payload: 'start', event: { id: 'foreign' } });
    await red.inject('sim', { payload: 'report' });
    assert.equal((await report()).sent, 0);
    await red.inject('sim', { payload: 'something', topic: 'x' });
    await red.inject('sim', { payload: 'report' });
    assert.equal((await report(2)).sent, 0);
  });

  it('faults by message; a wrong one is an error on the message that names the member', async () => {
    await red.deploy(
      flow([
        ...simulator({ count: 0, wires: [['sim'], ['report']] }),
        { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
        { id: 'caught', type: 'test-probe', name: 'caught', wires: [[]] },
      ]),
    );
    await red.inject('sim', { faults: { dropp: 1 } });
    assert.match((await red.message('caught')).error.message, /faults\.dropp: unknown/);
    await red.inject('sim', { payload: 'start', faults: { duplicate: 1 } });
    await red.statusWith('sim', ({ fill, text }) => fill === 'red' && /doubled [1-9]/.test(String(text)));
    await red.inject('sim', { payload: 'stop' });
    const verdict = await report();
    assert.ok(verdict.doubled > 0 && verdict.lost === 0);
  });

  it('autostart: not a message is lost before the flows have started', async () => {
    await red.deploy(
      flow(simulator({ autostart: true, count: 10, intervalMs: 5, wires: [['sim', 'events'], ['report']] })),
    );
    assert.ok((await report()).ok);
    assert.equal(red.seen('events').length, 10);
  });

  it('autostart of many: Node.js sees no leak in them', async () => {
    const many = Array.from({ length: 12 }, (_, n): FlowNode => {
      const fields = { autostart: true, count: 1, intervalMs: 5, grace: 0.5 };
      return { id: `sim${n}`, type: 'surewire-device-simulator', ...fields, wires: [[`sim${n}`], ['report']] };
    });
    await red.deploy(flow([...many, ...simulator().slice(1)]));
    await red.message('report', 12);
    assert.doesNotMatch(red.log, /MaxListenersExceededWarning/);
  });

  it('a redeploy ends the run without a word, and nothing is sent afterwards', async () => {
    await red.deploy(flow(simulator({ autostart: true, intervalMs: 5 })));
    await red.message('events', 5);
    await red.deploy(flow(simulator({ intervalMs: 5 })));
    red.messages.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(red.messages.length, 0);
  });

  it('custom: JSONata makes the data', async () => {
    const template = '{ "n": seq, "who": device, "at": time, "twice": signal * 2 }';
    await red.deploy(flow(simulator({ profile: 'custom', template, count: 4, devices: 2 })));
    await red.inject('sim', { payload: 'start' });
    await red.message('events', 4);
    for (const { payload, event, topic } of red.seen('events')) {
      assert.deepEqual(Object.keys(payload), ['n', 'who', 'at', 'twice']);
      assert.equal(payload.who, event.device);
      assert.equal(payload.n, Number(event.sequence));
      assert.equal(topic, 'surewire.reading.custom');
    }
  });

  it('custom: an expression that fails while it runs stops the run, and the status says why', async () => {
    await red.deploy(flow(simulator({ profile: 'custom', template: '$error("no such sensor")' })));
    await red.inject('sim', { payload: 'start' });
    await red.statusWith('sim', ({ fill, text }) => fill === 'red' && /^template: .*no such sensor/.test(String(text)));
    assert.deepEqual([(await report()).sent, red.status('sim').fill], [0, 'red']);
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['a number out of range', { devices: -1 }, /devices: expected a whole number/],
    ['a profile that does not exist', { profile: 'wind' }, /profile: expected one of/],
    ['JSONata that does not parse', { profile: 'custom', template: '{ "a": ' }, /template: .*position/],
    ['no address', { target: 'http' }, /url: expected/],
    ['an auth that is not there', { target: 'http', url: '/x', auth: 'gone' }, /auth: expected a webhook auth node/],
    ['an auth without a secret', { target: 'http', url: '/x', auth: 'empty' }, /auth: .*secret/],
    ['faults that are no JSON', { faults: '{' }, /faults: a JSON object/],
  ];
  for (const [what, fields, message] of wrong) {
    it(`${what}: red status, clear error, and a start ends with that error`, async () => {
      await red.deploy(
        flow([
          { id: 'empty', type: 'surewire-webhook-auth', name: 'no secret' },
          ...simulator(fields),
          { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
          { id: 'caught', type: 'test-probe', name: 'caught', wires: [[]] },
        ]),
      );
      const status = await red.statusWith('sim', ({ fill }) => fill === 'red');
      assert.match(String(status.text), message);
      await red.inject('sim', { payload: 'start' });
      assert.match((await red.message('caught')).error.message, message);
      await red.until('the error in the log', () => message.test(red.log));
    });
  }

  it('over HTTP, signed, to a server that verifies; answers leave output 1', async () => {
    const server = await receiver({ auth: {}, credentials: { secret: SECRET } });
    await red.deploy(
      flow([
        auth,
        ...simulator({
          target: 'http',
          url: server.url,
          auth: 'auth',
          count: 20,
          wires: [['sim', 'events'], ['report']],
        }),
      ]),
    );
    await red.inject('sim', { payload: 'start' });
    const verdict = await report();
    assert.ok(verdict.ok, JSON.stringify(verdict));
    assert.deepEqual([server.accepted.length, verdict.delivered], [20, 20]);
    assert.equal(red.seen('events')[0]!.statusCode, 202);
    await server.close();
  });

  it('the button: start and stop through the admin API', async () => {
    await red.deploy(flow(simulator({ wires: [['sim', 'events'], ['report']] })));
    const press = async (path: string): Promise<[number, unknown]> => {
      const answer = await fetch(`${red.url}/surewire-device-simulator/${path}`, { method: 'POST' });
      return [answer.status, answer.headers.get('content-type')?.includes('json') ? await answer.json() : undefined];
    };
    assert.deepEqual(await press('sim/start'), [200, { running: true }]);
    await red.message('events', 3);
    assert.deepEqual(await press('sim/stop'), [200, { running: false }]);
    const verdict = await report();
    assert.ok(verdict.ok);
    const seen = await fetch(`${red.url}/surewire-device-simulator/sim`);
    assert.deepEqual(await seen.json(), { running: false, busy: false, report: verdict });
    assert.equal((await press('events/start'))[0], 404);
    assert.equal((await press('nobody/start'))[0], 404);
    assert.equal((await press('sim/explode'))[0], 400);
    await red.deploy(flow(simulator({ devices: -1 })));
    assert.equal((await press('sim/start'))[0], 409);
  });
});

describe('device simulator: in a Node-RED behind TLS', () => {
  const { key, cert } = selfSigned();
  const tls = { https: JSON.stringify({ key, cert }) };
  const run = async (url: (port: number) => string): Promise<Report> => {
    const port = await freePort();
    const hook = { type: 'surewire-webhook-in', path: '/hooks/devices', auth: 'auth', wires: [['sim'], []] };
    const fields = { target: 'http', auth: 'auth', count: 5, senderRetries: 0, autostart: true };
    const flows = flow([
      auth,
      ...simulator({ ...fields, url: url(port), wires: [[], ['report']] }),
      { id: 'hook', ...hook },
    ]);
    const secrets = { auth: { secret: SECRET } };
    const settings = { ...tls, credentialSecret: 'false' };
    const userDir = mkdtempSync(path.join(tmpdir(), 'surewire-test-'));
    writeFileSync(path.join(userDir, 'flows_cred.json'), JSON.stringify(secrets));
    const red = await startNodeRed({ flows, settings, port, userDir });
    try {
      return (await red.message('report')).payload as Report;
    } finally {
      await red.stop();
    }
  };

  it('reaches its own paths, whatever name the certificate has', async () => {
    const report = await run(() => '/hooks/devices');
    assert.ok(report.ok, JSON.stringify(report));
  });

  it('believes no certificate of an address that it cannot check', async () => {
    const report = await run((port) => `https://127.0.0.1:${port}/hooks/devices`);
    assert.deepEqual(report.refused, { DEPTH_ZERO_SELF_SIGNED_CERT: 5 });
  });
});
