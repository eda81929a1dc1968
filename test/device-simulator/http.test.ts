import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { Report } from '../../nodes/device-simulator/ledger';
import { retryDelay } from '../../nodes/device-simulator/sender-retry';
import { readSettings } from '../../nodes/device-simulator/settings';
import { Simulator } from '../../nodes/device-simulator/simulator';
import { tamper } from '../../nodes/device-simulator/tamper';
import { httpTransport } from '../../nodes/device-simulator/transport';
import { systemClock } from '../../nodes/shared/clock';
import { type AuthConfig, type AuthCredentials, createAuth } from '../../nodes/webhook-auth/auth';
import { FakeClock } from '../support/fake-clock';
import { receiver as startHttpReceiver } from '../support/receiver';
import { type Receiver, type ReceiverOptions, receiver } from './receiver';

// biome-ignore lint/suspicious/noExplicitAny: a message
type Msg = Record<string, any>;

interface Result {
  report: Report;
  server: Receiver;
  answers: Msg[];
  skipped: string[];
}

const STANDARD = { scheme: 'standard-webhooks' };
const SECRET = { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

/** One run against a receiver whose events come back once each, as behind a dedupe. */
async function against(
  fields: object,
  options: ReceiverOptions & { signed?: boolean; back?: boolean } = {},
): Promise<Result> {
  const seen = new Set<string>();
  const answers: Msg[] = [];
  const skipped: string[] = [];
  const holder: { simulator?: Simulator } = {};
  const server = await receiver({
    onEvent: (id) => {
      if (options.back === false || seen.has(id)) return;
      seen.add(id);
      holder.simulator?.processed(id);
    },
    ...options,
  });
  try {
    const report = await new Promise<Report>((resolve, reject) => {
      holder.simulator = new Simulator({
        settings: readSettings({ target: 'http', url: server.url, intervalMs: 20, grace: 0.3, ...fields }),
        clock: systemClock,
        random: () => 0.5,
        newRunId: () => 'a1b2c3',
        signer:
          options.auth && options.signed !== false
            ? createAuth(options.auth, options.credentials ?? {}, systemClock).signer
            : undefined,
        transport: httpTransport,
        emit: (msg) => answers.push(msg),
        ended: resolve,
        changed: () => undefined,
        failed: reject,
        skipped: (kinds) => skipped.push(...kinds),
      });
      holder.simulator.start();
    });
    return { report, server, answers, skipped };
  } finally {
    holder.simulator?.close();
    await server.close();
  }
}

const CUSTOM = {
  sig: { header: 'x-sig', alg: 'hmac-sha512', encoding: 'hex' },
  key: { encoding: 'utf8' },
  ts: { header: 'x-sent' },
  content: '{ts}|{body}',
};

describe('device simulator: over HTTP', () => {
  it('sends structured CloudEvents, signed, with the event id in the scheme header, over kept connections', async () => {
    const { report, server, answers } = await against(
      { count: 40, devices: 4 },
      { auth: STANDARD, credentials: SECRET },
    );
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual([report.sent, report.unique, report.delivered, report.processed], [40, 40, 40, 40]);
    assert.ok(report.latencyMs.p50! > 0);
    for (const { headers, body, status } of server.received) {
      const event = JSON.parse(body);
      assert.equal(status, 202);
      assert.equal(headers['content-type'], 'application/cloudevents+json');
      assert.equal(headers['webhook-id'], event.id);
      assert.deepEqual(Object.keys(event), [
        'specversion',
        'id',
        'source',
        'type',
        'time',
        'datacontenttype',
        'sequence',
        'data',
      ]);
      assert.ok(Math.abs(Date.parse(event.time) - Date.now()) < 30_000);
    }
    assert.ok(server.connections <= 4, `${server.connections} connections`);
    assert.deepEqual([answers[0]!.statusCode, answers[0]!.payload], [202, { status: 202 }]);
    assert.equal(answers[0]!.event.id, JSON.parse(server.received[0]!.body).id);
  });

  it('batches are CloudEvents batches; the last one is what is left', async () => {
    const { report, server } = await against({ count: 23, batch: 10 }, { auth: STANDARD, credentials: SECRET });
    assert.ok(report.ok);
    assert.deepEqual(
      server.received.map(({ body }) => JSON.parse(body).length),
      [10, 10, 3],
    );
    assert.equal(server.received[0]!.headers['content-type'], 'application/cloudevents-batch+json');
  });

  it('events of one device stay in order, also after an outage', async () => {
    const { report, server } = await against({ count: 300, devices: 3, faults: { offline: 0.05, offlineMs: 200 } });
    assert.ok(report.ok && report.faults.offline! > 0);
    const last = new Map<string, string>();
    for (const { body } of server.received) {
      const { source, sequence } = JSON.parse(body);
      assert.ok(sequence > (last.get(source) ?? ''), `${source} ${sequence}`);
      last.set(source, sequence);
    }
  });

  it('tries again after any answer but 2xx, and honours Retry-After', async () => {
    const { report, server } = await against(
      { count: 5, devices: 1 },
      {
        auth: STANDARD,
        credentials: SECRET,
        before: (index) =>
          index === 0 ? { status: 503, headers: { 'retry-after': '1' } } : index === 1 ? { status: 404 } : undefined,
      },
    );
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(report.refused, { 404: 1, 503: 1 });
    assert.deepEqual([report.sent, report.unique, report.delivered], [7, 5, 5]);
    const first = JSON.parse(server.received[0]!.body).id;
    const again = server.received.filter(({ body }) => JSON.parse(body).id === first);
    assert.equal(again.length, 2);
    assert.ok(again[1]!.at - again[0]!.at >= 990);
  });

  it('gives up after senderRetries, and calls it lost', async () => {
    const { report } = await against({ count: 2, senderRetries: 1 }, { before: () => ({ status: 500 }) });
    assert.deepEqual(report.refused, { 500: 4 });
    assert.deepEqual([report.sent, report.delivered, report.lost, report.ok], [4, 0, 2, false]);
  });

  it('sends the user and password of its URL as they are meant', async () => {
    const server = await startHttpReceiver();
    const transport = httpTransport(1);
    try {
      for (const [user, expected] of [
        ['me:p%40ss', 'me:p@ss'],
        ['me:100%', 'me:100%'],
        [':token', ':token'],
      ]) {
        await transport.post({ url: server.url.replace('//', `//${user}@`), headers: {}, body: Buffer.from('{}') });
        assert.equal(
          server.requests.at(-1)?.headers.authorization,
          `Basic ${Buffer.from(`${expected}`).toString('base64')}`,
        );
      }
    } finally {
      transport.close();
      await server.close();
    }
  });

  it('does not follow redirects', async () => {
    const { report } = await against(
      { count: 1, senderRetries: 0 },
      { before: () => ({ status: 307, headers: { location: 'http://127.0.0.1:9/' } }) },
    );
    assert.deepEqual(report.refused, { 307: 1 });
  });

  it('books connections that fail by their error code', async () => {
    const { report, answers } = await against({ count: 2, senderRetries: 0, url: 'http://127.0.0.1:9/x' });
    assert.deepEqual(report.refused, { ECONNREFUSED: 2 });
    assert.equal(answers[0]!.statusCode, 'ECONNREFUSED');
  });

  it('what a server reads before it closes a kept connection is booked: sent is what arrived', async () => {
    let requests = 0;
    const server = await startHttpReceiver((_request, response) => {
      requests += 1;
      if (requests % 3 === 0) response.destroy();
      else response.writeHead(200).end();
    });
    try {
      const faults = { malformed: 0.5 };
      const { report, answers } = await against({ count: 30, devices: 2, senderRetries: 0, faults, url: server.url });
      assert.equal(report.sent, server.requests.length);
      assert.ok(report.refused.ECONNRESET! > 0);
      const forged = server.requests.filter(({ body }) => !body.toString().endsWith('}')).length;
      assert.equal(forged, report.faults.malformed, 'nobody sends an invalid request again');
      assert.ok(answers.length > 30);
    } finally {
      await server.close();
    }
  });

  it('sends nothing more once it is closed, or stopped twice, although answers are under way', async () => {
    for (const end of [(one: Simulator) => one.close(), (one: Simulator) => [one.stop(), one.stop()]]) {
      let requests = 0;
      let held = (): void => undefined;
      const all = new Promise<void>((resolve) => {
        held = resolve;
      });
      const server = await startHttpReceiver(({ method }, response) => {
        if (method === 'POST') requests += 1;
        // The first answer of each device makes its connection one that is kept; the second never comes.
        if (requests <= 3 || method === 'GET') response.writeHead(200).end();
        else if (requests === 6) held();
      });
      try {
        const simulator = new Simulator({
          settings: readSettings({ target: 'http', url: server.url, intervalMs: 50, devices: 3, jitter: 0 }),
          clock: systemClock,
          random: () => 0.5,
          newRunId: () => 'a1b2c3',
          transport: httpTransport,
          emit: () => undefined,
          ended: () => undefined,
          changed: () => undefined,
          failed: assert.fail,
          skipped: () => undefined,
        });
        simulator.start();
        await all;
        end(simulator);
        await fetch(server.url);
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 6);
      } finally {
        await server.close();
      }
    }
  });

  it('a server that would rather speak another protocol has not taken the event', async () => {
    const server = await startHttpReceiver((_request, response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
    try {
      const { report } = await against({ count: 2, senderRetries: 0, url: server.url });
      assert.deepEqual([report.refused, report.lost], [{ 101: 2 }, 2]);
    } finally {
      await server.close();
    }
  });

  it('after a stop, too, the mistakes counted are those that were sent', async () => {
    const bodies: string[] = [];
    const clock = new FakeClock();
    const answers: (() => void)[] = [];
    const reports: Report[] = [];
    const simulator = new Simulator({
      settings: readSettings({
        target: 'http',
        url: 'http://127.0.0.1:9',
        devices: 50,
        intervalMs: 20,
        maxRate: 400,
        faults: { malformed: 0.5, duplicate: 0.5, replay: 0.5 },
      }),
      clock,
      random: () => 0.5,
      newRunId: () => 'a1b2c3',
      transport: () => ({
        post: ({ body }) => {
          bodies.push(body.toString());
          return new Promise((resolve) => {
            answers.push(() => resolve({ status: 200, headers: {}, body: Buffer.alloc(0) }));
          });
        },
        close: () => undefined,
      }),
      emit: () => undefined,
      ended: (report) => reports.push(report),
      changed: () => undefined,
      failed: assert.fail,
      skipped: () => undefined,
    });
    simulator.start();
    // A slow receiver: much waits for its turn when the stop comes.
    for (let n = 0; n < 300; n++) {
      await clock.pass(10);
      if (n % 3 === 0) answers.shift()?.();
    }
    simulator.stop();
    for (let n = 0; n < 10_000 && reports.length === 0; n++) {
      answers.shift()?.();
      await clock.pass(20);
    }
    const { faults, sent, unique } = reports[0]!;
    assert.equal(sent, bodies.length);
    assert.equal(faults.malformed, bodies.filter((body) => !body.endsWith('}')).length);
    assert.equal(sent, unique + faults.malformed + (faults.duplicate ?? 0) + (faults.replay ?? 0));
  });

  it('a key that cannot sign stops the run at once; nothing is tried again', async () => {
    const keys = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const errors: string[] = [];
    const reports: Report[] = [];
    const clock = new FakeClock();
    const simulator = new Simulator({
      settings: readSettings({ target: 'http', url: 'http://127.0.0.1:9', grace: 0.1 }),
      clock,
      random: () => 0.5,
      newRunId: () => 'a1b2c3',
      signer: createAuth({}, { secret: `whpk_${keys.toString('base64')}` }, clock).signer,
      transport: () => ({ post: () => assert.fail('nothing can be posted'), close: () => undefined }),
      emit: () => undefined,
      ended: (report) => reports.push(report),
      changed: () => undefined,
      failed: (error) => errors.push(error.message),
      skipped: () => undefined,
    });
    simulator.start();
    await clock.pass(2000, 20);
    assert.equal(errors.length, 1);
    assert.deepEqual([reports.length, reports[0]?.sent, reports[0]?.refused], [1, 0, { misconfigured: 1 }]);
  });

  it('an answer that never ends is none', async () => {
    const server = await startHttpReceiver((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(drip));
    });
    const transport = httpTransport(1, { timeoutMs: 200 });
    try {
      await assert.rejects(transport.post({ url: server.url, headers: {}, body: Buffer.from('{}') }), {
        code: 'ETIMEDOUT',
      });
    } finally {
      transport.close();
      await server.close();
    }
  });

  it('where nothing comes back the latency is that of the answers', async () => {
    const { report } = await against({ count: 5 }, { back: false });
    assert.ok(report.latencyMs.p99! > 0 && report.latencyMs.p99! < 1000);
    assert.equal(report.lost, 5);
  });

  it('without webhook auth nothing can be wrong with a signature', async () => {
    const { report, skipped } = await against({
      count: 10,
      faults: { badSignature: 1, missingSignature: 1, malformed: 0.5 },
    });
    assert.deepEqual(skipped, ['badSignature', 'missingSignature']);
    assert.deepEqual(Object.keys(report.faults), ['malformed']);
    assert.ok(report.ok);
  });

  it('what got in although it had to be refused is unexpected', async () => {
    const { report } = await against(
      { count: 10, faults: { badSignature: 1 } },
      { auth: STANDARD, credentials: SECRET, before: () => ({ status: 200 }), back: false },
    );
    assert.equal(report.unexpected, 10);
    assert.equal(report.delivered, 10);
    assert.equal(report.ok, false);
  });

  const schemes: [string, AuthConfig, AuthCredentials][] = [
    ['standard-webhooks', STANDARD, SECRET],
    ['svix', { scheme: 'svix' }, SECRET],
    ['github', { scheme: 'github' }, { secret: 's3cret-of-github' }],
    ['stripe', { scheme: 'stripe' }, { secret: 'whsec_stripe' }],
    ['shopify', { scheme: 'shopify' }, { secret: 'shop' }],
    ['slack', { scheme: 'slack' }, { secret: 'slack' }],
    ['twilio', { scheme: 'twilio' }, { secret: 'twilio' }],
    ['netatmo', { scheme: 'netatmo' }, { secret: 'netatmo' }],
    ['grafana', { scheme: 'grafana' }, { secret: 'grafana' }],
    ['grafana with a time', { scheme: 'grafana', timestampHeader: 'x-time' }, { secret: 'grafana' }],
    ['custom', { scheme: 'custom', descriptor: JSON.stringify(CUSTOM) }, { secret: 'custom' }],
    ['token in a header', { scheme: 'token' }, { secret: 'tok-1234' }],
    ['bearer token', { scheme: 'token', tokenFrom: 'bearer' }, { secret: 'x' }],
    ['token in the query', { scheme: 'token', tokenFrom: 'query', tokenName: 'key' }, { secret: 'ab+c/d=' }],
    ['token of digits', { scheme: 'token' }, { secret: '1234567890' }],
    ['token of the last letter', { scheme: 'token' }, { secret: 'zZ' }],
    ['token without a letter', { scheme: 'token', tokenFrom: 'query' }, { secret: '!-!' }],
    ['token beyond ASCII', { scheme: 'token' }, { secret: 'ключ' }],
    ['basic', { scheme: 'basic', username: 'dev' }, { secret: 'pa:ss' }],
  ];
  for (const [name, auth, credentials] of schemes) {
    it(`${name}: every valid request is believed, every forged, bare, broken, cut or oversize one is refused`, async () => {
      const kinds = { badSignature: 0.5, missingSignature: 0.5, malformed: 0.5, truncated: 0.5, oversize: 0.1 };
      const { report } = await against({ count: 40, faults: kinds, seed: 3 }, { auth, credentials });
      const { faults, refused } = report;
      assert.ok(report.ok, JSON.stringify(report));
      assert.equal(report.delivered, 40);
      for (const kind of Object.keys(kinds)) assert.ok(faults[kind as keyof typeof faults]! > 0, kind);
      // A token or a password says nothing about the body: half of it is told by its JSON.
      const cut = ['token', 'basic'].includes(String(auth.scheme)) ? 400 : 401;
      const expected: Record<string, number> = { 400: faults.malformed!, 413: faults.oversize! };
      expected[401] = faults.badSignature! + faults.missingSignature!;
      expected[cut]! += faults.truncated!;
      assert.deepEqual(refused, expected);
    });
  }
});

describe('device simulator: URLs', () => {
  for (const path of ['', '/hooks/tür', '/a b?x=%20ü#part']) {
    it(`${JSON.stringify(path)} is signed as it is sent`, async () => {
      const server = await receiver({ auth: { scheme: 'twilio' }, credentials: { secret: 'twilio' } });
      try {
        const url = new URL(server.url).origin + path;
        const { report } = await against(
          { count: 3, url, senderRetries: 0 },
          { auth: { scheme: 'twilio' }, credentials: { secret: 'twilio' } },
        );
        assert.deepEqual([report.delivered, report.refused], [3, {}]);
      } finally {
        await server.close();
      }
    });
  }
});

describe('device simulator: tampering', () => {
  it('leaves id and time alone, keeps length and alphabet, changes every credential', () => {
    const signed = {
      url: 'https://x/y?key=abc',
      headers: {
        'webhook-id': 'id1',
        'webhook-timestamp': '1700000000',
        'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
      },
    };
    const { url, headers } = tamper('https://x/y', signed, 'id1');
    assert.equal(headers['webhook-id'], 'id1');
    assert.equal(headers['webhook-timestamp'], '1700000000');
    assert.notEqual(headers['webhook-signature'], signed.headers['webhook-signature']);
    assert.match(headers['webhook-signature']!, /^v1,[A-Za-z0-9+/]{43}=$/);
    assert.equal(url, 'https://x/y?key=bcd');
    assert.match(
      tamper('https://x', { url: 'https://x', headers: { s: `sha256=${'0f'.repeat(32)}` } }, '').headers.s!,
      /^sha256=[0-9a-f]{64}$/,
    );
  });
});

describe('device simulator: the sender tries again', () => {
  const delays = (header?: string): number[] => [1, 2, 3, 8, 20].map((attempt) => retryDelay(attempt, header, 0, 0.5));
  it('after half a second, doubling up to a minute', () =>
    assert.deepEqual(delays(), [500, 1000, 2000, 60_000, 60_000]));
  it('20 % to either side', () =>
    assert.deepEqual(
      [0, 1].map((random) => Math.round(retryDelay(1, undefined, 0, random))),
      [400, 600],
    ));
  it('not before Retry-After, in seconds or as a date', () => {
    assert.deepEqual(delays('3'), [3000, 3000, 3000, 60_000, 60_000]);
    assert.deepEqual(delays(new Date(4000).toUTCString()), [4000, 4000, 4000, 60_000, 60_000]);
    assert.deepEqual(delays('soon'), delays());
  });
});
