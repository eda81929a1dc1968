import assert from 'node:assert/strict';
import { systemClock } from '../../nodes/shared/clock';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { type Answer, send, sendRaw } from '../support/http';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { head, statuses } from './hostile';

const TEXT_SECRET = 'sesame-7f3a9c-open';
const WHSEC = `whsec_${Buffer.from('sesame-7f3a9c-open-24-b!').toString('base64')}`;
const BODY = '{"type":"a","id":"b"}';

/** Every scheme with the headers that carry its credentials. */
const SCHEMES: { scheme: string; secret: string; carriers: string[]; config?: Record<string, unknown> }[] = [
  { scheme: 'standard-webhooks', secret: WHSEC, carriers: ['webhook-signature', 'webhook-timestamp', 'webhook-id'] },
  { scheme: 'svix', secret: WHSEC, carriers: ['svix-signature', 'svix-timestamp', 'svix-id'] },
  { scheme: 'github', secret: TEXT_SECRET, carriers: ['x-hub-signature-256'] },
  { scheme: 'stripe', secret: TEXT_SECRET, carriers: ['stripe-signature'] },
  { scheme: 'shopify', secret: TEXT_SECRET, carriers: ['x-shopify-hmac-sha256'] },
  { scheme: 'slack', secret: TEXT_SECRET, carriers: ['x-slack-signature', 'x-slack-request-timestamp'] },
  { scheme: 'twilio', secret: TEXT_SECRET, carriers: ['x-twilio-signature'] },
  { scheme: 'netatmo', secret: TEXT_SECRET, carriers: ['x-netatmo-secret'] },
  { scheme: 'grafana', secret: TEXT_SECRET, carriers: ['x-grafana-alerting-signature'] },
  { scheme: 'token', secret: TEXT_SECRET, carriers: ['x-webhook-token'] },
  { scheme: 'token', secret: TEXT_SECRET, carriers: ['authorization'], config: { tokenFrom: 'bearer' } },
  { scheme: 'basic', secret: TEXT_SECRET, carriers: ['authorization'], config: { username: 'maker' } },
];

/** What an attacker may put into such a header. @param good what would pass */
const MALFORMED = (good: string): Record<string, string> => ({
  empty: '',
  'a space': ' ',
  'a comma': ',',
  'commas and spaces': ', ,, = , ;,',
  'the name of the scheme alone': good.split(/[ =,]/)[0] as string,
  'without its last character': good.slice(0, -1),
  'with one character more': `${good}0`,
  'its bytes turned around': Array.from(good).reverse().join(''),
  'in another case': good.toUpperCase() === good ? good.toLowerCase() : good.toUpperCase(),
  'a label of every object': 'constructor=x,__proto__=y,toString,z v1,',
  'not ASCII': `${good}\u00e9\u00ff`,
  'a very long one': 'a'.repeat(12_000),
  'thousands of equal signs': '='.repeat(12_000),
  'ten thousand signatures': 'v1,a '.repeat(2400),
  'ten thousand labels': 'v1=a,'.repeat(2400),
  'a number beyond all bounds': '9'.repeat(400),
  'a negative number': '-1',
  'NaN, 1e3 and hex': 'NaN',
  null: 'null',
});

const nodes: FlowNode[] = SCHEMES.flatMap(({ scheme, secret, config }, index) => [
  { id: `auth-${index}`, type: 'surewire-webhook-auth', scheme, ...config, credentials: { secret } },
  { id: `v${index}`, type: 'surewire-webhook-in', path: `/v/${index}`, auth: `auth-${index}`, wires: [['in'], ['no']] },
]);

/** Where a sender may put a token, by what the node's `tokenFrom` says. */
const PLACES: Record<string, { query?: string; headers?: Record<string, string> }> = {
  header: { headers: { 'x-webhook-token': TEXT_SECRET } },
  bearer: { headers: { authorization: `Bearer ${TEXT_SECRET}` } },
  query: { query: `?token=${TEXT_SECRET}` },
};

const places: FlowNode[] = Object.keys(PLACES).flatMap((tokenFrom) => [
  {
    id: `auth-${tokenFrom}`,
    type: 'surewire-webhook-auth',
    scheme: 'token',
    tokenFrom,
    credentials: { secret: TEXT_SECRET },
  },
  {
    id: `place-${tokenFrom}`,
    type: 'surewire-webhook-in',
    path: `/place/${tokenFrom}`,
    auth: `auth-${tokenFrom}`,
    wires: [['in'], [`wrong-${tokenFrom}`]],
  },
  { id: `wrong-${tokenFrom}`, type: 'test-probe', name: `wrong-${tokenFrom}` },
]);

const limited = (id: string, more: Record<string, unknown>): FlowNode => ({
  id,
  type: 'surewire-webhook-in',
  path: `/limit/${id}/:device?`,
  auth: 'proxied',
  rateLimit: 0.05,
  rateBurst: 2,
  wires: [['in'], ['no']],
  ...more,
});

describe('hostile credentials', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed();
    await red.deploy(
      flow([
        ...nodes,
        ...places,
        { id: 'proxied', type: 'surewire-webhook-auth', scheme: 'none', trustedProxies: '127.0.0.1' },
        limited('address', {}),
        limited('device', { rateBy: 'device' }),
        limited('all', { rateBy: 'all' }),
        {
          id: 'behind',
          type: 'surewire-webhook-in',
          path: '/behind',
          auth: 'proxied',
          maxBody: 10,
          wires: [['in'], ['behind-refused']],
        },
        { id: 'behind-refused', type: 'test-probe', name: 'behind-refused' },
        { id: 'listed', type: 'surewire-webhook-auth', scheme: 'none', allow: '203.0.113.77, 2001:db8:77::/48' },
        { id: 'l', type: 'surewire-webhook-in', path: '/listed', auth: 'listed', wires: [['in'], ['no']] },
        {
          id: 'with-query',
          type: 'surewire-webhook-auth',
          scheme: 'token',
          tokenFrom: 'query',
          credentials: { secret: TEXT_SECRET },
        },
        {
          id: 'q',
          type: 'surewire-webhook-in',
          path: '/q',
          auth: 'with-query',
          methods: ['GET'],
          wires: [['in'], ['no']],
        },
        { id: 'o', type: 'surewire-webhook-in', path: '/orphan', auth: 'gone', wires: [['in'], ['orphans']] },
        { id: 'orphans', type: 'test-probe', name: 'orphans' },
        { id: 'in', type: 'test-probe', name: 'in' },
        { id: 'no', type: 'test-probe', name: 'no' },
      ]),
    );
  });
  after(() => red.stop());

  /** No part of a secret may leave Node-RED: not in an answer, a message, a status or the log. */
  function silent(where: string, text: string): void {
    for (const part of [TEXT_SECRET, WHSEC, WHSEC.slice(6), Buffer.from(TEXT_SECRET).toString('base64').slice(4, 20)]) {
      assert.ok(!text.includes(part), `${where} holds a secret: ${text.slice(0, 500)}`);
    }
  }

  function signed(index: number): { path: string; headers: Record<string, string> } {
    const { scheme, secret, config } = SCHEMES[index] as (typeof SCHEMES)[number];
    const { signer } = createAuth({ scheme, ...config }, { secret }, systemClock);
    const headers = { host: `127.0.0.1:${red.port}`, 'content-type': 'application/json' };
    const url = `http://${headers.host}/v/${index}`;
    const made = signer.sign({ method: 'POST', url, headers, body: Buffer.from(BODY), id: 'evt_1' });
    return { path: made.url.slice(made.url.indexOf('/v/')), headers: { ...headers, ...made.headers } };
  }

  for (const [index, { scheme, carriers }] of SCHEMES.entries()) {
    const name = `${scheme} (${carriers[0]})`;
    const post = (path: string, headers: Record<string, string | string[]>, body = BODY): Promise<Answer> =>
      send(red.port, { path, headers, body });

    it(`${name}: the good request passes, a changed body only where nothing signs it`, async () => {
      const { path, headers } = signed(index);
      assert.equal((await post(path, headers)).status, 202);
      const changed = await post(path, headers, BODY.replace('a', 'A'));
      assert.equal(changed.status, scheme === 'token' || scheme === 'basic' ? 202 : 401);
    });

    it(`${name}: malformed, missing and doubled headers are refused`, async () => {
      for (const carrier of carriers) {
        const { path, headers } = signed(index);
        const good = headers[carrier] as string;
        const { [carrier]: _left, ...without } = headers;
        const missing = await post(path, without);
        assert.deepEqual([missing.status, missing.json.reason], [401, 'credentials-missing'], carrier);
        for (const [what, value] of Object.entries(MALFORMED(good))) {
          // Hex has no case.
          if (what === 'in another case' && /^[a-z0-9]*=?[0-9a-f]+$/.test(good)) continue;
          // The padding of base64 may be left out.
          if (value.replace(/=+$/, '') === good.replace(/=+$/, '')) continue;
          const answer = await post(path, { ...headers, [carrier]: value });
          assert.equal(answer.status, 401, `${carrier} ${what}: ${answer.status} ${answer.body}`);
          silent('the answer', answer.body + JSON.stringify(answer.headers));
        }
        for (const values of [
          [good, good],
          [good, 'x'],
          ['x', good],
          ['', good],
        ]) {
          const lines = Object.entries(without).map(([key, value]) => `${key}: ${value}`);
          const raw = `POST ${path} HTTP/1.1\r\n${[...lines, ...values.map((value) => `${carrier}: ${value}`)].join('\r\n')}\r\n`;
          const text = await sendRaw(
            red.port,
            `${raw}Connection: close\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
          );
          assert.deepEqual(statuses(text), [401], `${carrier} twice: ${text.slice(0, 300)}`);
          silent('the answer', text);
        }
      }
    });
  }

  it('a token in the query: never in a message, twice is refused', async () => {
    const good = await send(red.port, { method: 'GET', path: `/q?token=${TEXT_SECRET}&a=1` });
    assert.equal(good.status, 202);
    const { msg } = await red.until('the event', () => red.messages.find((entry) => entry.msg.webhook?.path === '/q'));
    assert.deepEqual([msg.payload, msg.webhook.query], [{ a: '1' }, { token: '***', a: '1' }]);
    for (const query of [
      `token=${TEXT_SECRET}&token=${TEXT_SECRET}`,
      `token=x&token=${TEXT_SECRET}`,
      `token[]=x`,
      'token=',
      'token',
      `TOKEN=${'x'.repeat(100)}`,
      'token=%00',
      'token=%ff',
    ]) {
      const answer = await send(red.port, { method: 'GET', path: `/q?${query}` });
      assert.equal(answer.status, 401, query);
      silent('the answer', answer.body);
    }
  });

  it('the right token in the wrong place is refused and shown to nobody', async () => {
    for (const right of Object.keys(PLACES)) {
      for (const [place, { query = '', headers = {} }] of Object.entries(PLACES)) {
        const { status } = await send(red.port, { path: `/place/${right}${query}`, headers });
        assert.equal(status, place === right ? 202 : 401, `${place} where ${right} is right`);
      }
      await red.message(`wrong-${right}`, 2);
    }
    silent('a message', JSON.stringify(red.messages));
  });

  it('a node that cannot tell what is a credential shows none', async () => {
    const headers = { 'x-webhook-token': TEXT_SECRET, 'x-anything': WHSEC };
    const answer = await send(red.port, { path: `/orphan?token=${TEXT_SECRET}&a=b`, headers, body: '{}' });
    assert.deepEqual([answer.status, answer.json.reason], [503, 'misconfigured']);
    const { webhook } = await red.message('orphans');
    assert.deepEqual(webhook.query, { token: '***', a: '***' });
    assert.equal(webhook.headers['x-anything'], '***');
  });

  it('an address that may not: the answer does not say which one would', async () => {
    for (const headers of [{}, { 'x-forwarded-for': '203.0.113.77' }, { forwarded: 'for=203.0.113.77' }]) {
      const answer = await send(red.port, { path: '/listed', headers, body: '{}' });
      assert.deepEqual([answer.status, answer.json.reason], [403, 'address-not-allowed']);
      assert.ok(!/203\.0\.113|2001:db8|127\.0\.0\.1/.test(answer.body + JSON.stringify(answer.headers)));
    }
  });

  it('every refusal tells the caller behind a trusted proxy, also one that needs no more than the head', async () => {
    const from = { 'x-forwarded-for': '198.51.100.77' };
    const got = [
      await send(red.port, { method: 'PUT', path: '/behind', headers: from, body: '{}' }),
      await send(red.port, { path: '/behind', headers: from, body: '{"a":"0123456789"}' }),
      await send(red.port, { path: '/behind', headers: { ...from, 'content-encoding': 'lzma' }, body: '{}' }),
    ];
    assert.deepEqual(
      got.map(({ status }) => status),
      [405, 413, 415],
    );
    await red.message('behind-refused', 3);
    assert.deepEqual(
      red.seen('behind-refused').map(({ webhook }) => webhook.address),
      ['198.51.100.77', '198.51.100.77', '198.51.100.77'],
    );
  });

  describe('rate limits', () => {
    const post = async (path: string, from: string): Promise<number> => {
      const answer = await send(red.port, { path, headers: { 'x-forwarded-for': from }, body: '{}' });
      if (answer.status === 429) {
        assert.ok(Number(answer.headers['retry-after']) >= 1);
        assert.equal(answer.json.reason, 'rate-limited');
      }
      return answer.status;
    };
    const several = async (...requests: [path: string, from: string][]): Promise<number[]> => {
      const got: number[] = [];
      for (const [path, from] of requests) got.push(await post(path, from));
      return got;
    };

    it('by address: each IPv4 address, each IPv6 /64, also written as IPv4-mapped', async () => {
      const path = '/limit/address';
      const v6 = (tail: string): [string, string] => [path, `2001:db8:0:1:${tail}`];
      assert.deepEqual(await several(v6(':1'), v6('aaaa::2'), v6('bbbb:cccc:dddd:3')), [202, 202, 429]);
      assert.deepEqual(await several([path, '2001:db8:0:2::1']), [202]);
      const v4: [string, string] = [path, '198.51.100.1'];
      assert.deepEqual(await several(v4, [path, '::ffff:198.51.100.1'], v4), [202, 202, 429]);
      assert.deepEqual(
        await several([path, '198.51.100.2'], [path, `${'9.9.9.9, '.repeat(500)}198.51.100.1`]),
        [202, 429],
      );
    });

    it('by device and for all', async () => {
      const long = 'x'.repeat(5000);
      const device = (name: string): [string, string] => [`/limit/device/${name}`, '198.51.100.9'];
      assert.deepEqual(await several(device('a'), device('a'), device('a'), device('b')), [202, 202, 429, 202]);
      assert.deepEqual(
        await several(device(long), device(long), device(long), device(`${long}y`)),
        [202, 202, 429, 202],
      );
      const all = ['1', '2', '3'].map((name): [string, string] => [`/limit/all/${name}`, `198.51.100.${name}`]);
      assert.deepEqual(await several(...all), [202, 202, 429]);
    });

    it('15,000 addresses do not grow the table without bound, and the node goes on', async () => {
      for (let n = 0; n < 15_000; n += 100) {
        const pipelined = Array.from(
          { length: 100 },
          (_, m) =>
            `${head('/limit/address', `X-Forwarded-For: 10.0.${(n + m) >> 8}.${(n + m) & 255}`, 'Content-Length: 2')}{}`,
        );
        pipelined.push(
          `${head('/limit/address', 'Content-Length: 2', 'X-Forwarded-For: 10.1.1.1', 'Connection: close')}{}`,
        );
        const got = statuses(await sendRaw(red.port, pipelined.join(''), 10_000));
        assert.equal(got.length, 101);
      }
      assert.equal(await post('/limit/address', '192.0.2.200'), 202);
    });
  });

  it('nothing that left Node-RED holds a secret', () => {
    silent('the log', red.log);
    silent('a status', JSON.stringify(red.statuses));
    silent('a message', JSON.stringify(red.messages));
    assert.equal(red.exitCode, undefined);
  });
});
