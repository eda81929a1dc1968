import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type Answering, type Receiver, receiver, socketServer } from '../support/receiver';

/** A lone webhook out whose messages name their receiver; what goes on reaches `answered`, errors reach `caught`. */
const out = (fields: Record<string, unknown> = {}): FlowNode[] =>
  flow([
    { id: 'out', type: 'surewire-webhook-out', wires: [['answered']], timeout: 20, ...fields },
    { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
    { id: 'answered', type: 'test-probe' },
    { id: 'caught', type: 'test-probe' },
  ]);

describe('webhook out: delivering', () => {
  let red: RunningNodeRed;
  let open: { close(): Promise<void> }[] = [];
  let sent = 0;

  before(async () => {
    // A name that leads to a metadata address, as an attacker's DNS would.
    const preamble = `const dns = require('node:dns'); const real = dns.lookup;
dns.lookup = (name, options, done) => name === 'metadata.test'
  ? process.nextTick(() => done(null, [{ address: '169.254.169.254', family: 4 }])) : real(name, options, done);`;
    red = await startNodeRed({ flows: out(), preamble, env: { http_proxy: '', https_proxy: '', all_proxy: '' } });
  });
  after(() => red.stop());
  afterEach(async () => {
    for (const server of open) await server.close();
    open = [];
  });

  const answering = async (answer?: Answering, port?: number): Promise<Receiver> => {
    const server = await receiver(answer, port === undefined ? {} : { port });
    open.push(server);
    return server;
  };
  const speaking = async (speak: (socket: Socket) => void): Promise<string> => {
    const server = await socketServer(speak);
    open.push(server);
    return server.url;
  };
  /** Sends one message and waits for where it ends. */
  const deliver = async (msg: Message): Promise<{ probe: string; msg: Message }> => {
    sent += 1;
    const mark = sent;
    await red.inject('out', { ...msg, mark });
    return red.until(`the end of message ${mark}`, () => red.messages.find((entry) => entry.msg.mark === mark), 30_000);
  };
  const delivered = async (msg: Message): Promise<Message> => {
    const end = await deliver(msg);
    assert.equal(end.probe, 'answered', JSON.stringify(end.msg.error));
    return end.msg;
  };
  const refused = async (msg: Message, code: string): Promise<Message> => {
    const end = await deliver({ payload: 'as it was', event: { id: 'kept' }, ...msg });
    assert.equal(end.probe, 'caught');
    assert.equal(end.msg.error.code, code);
    assert.equal(end.msg.payload, 'as it was');
    assert.equal(end.msg.event.id, 'kept');
    return end.msg;
  };

  describe('a receiver that takes it', () => {
    before(() => red.deploy(out()));

    it('gets the payload as JSON under the event id, and its answer goes on', async () => {
      const server = await answering((_request, response) =>
        response.writeHead(202, { 'content-type': 'application/json', 'x-reply': 'r' }).end('{"queued":true}'),
      );
      const msg = await delivered({
        url: `${server.url}/in?x=1`,
        payload: { t: 21.5 },
        event: { id: 'e-1', type: 't' },
        topic: 'kept',
      });
      const [request] = server.requests;
      assert.equal(request?.method, 'POST');
      assert.equal(request?.target, '/in?x=1');
      assert.equal(request?.body.toString(), '{"t":21.5}');
      assert.equal(request?.headers['content-type'], 'application/json');
      assert.equal(request?.headers['content-length'], '10');
      assert.equal(request?.headers['webhook-id'], 'e-1');
      assert.equal(msg.statusCode, 202);
      assert.deepEqual(msg.payload, { queued: true });
      assert.equal(msg.headers['x-reply'], 'r');
      assert.deepEqual(msg.event, { id: 'e-1', type: 't' });
      assert.equal(msg.topic, 'kept');
    });

    it('gets a new id when the message has none, and the message keeps it', async () => {
      const server = await answering();
      const msg = await delivered({ url: server.url, payload: 1 });
      assert.match(msg.event.id, /^[0-9a-f-]{36}$/);
      assert.equal(server.requests[0]?.headers['webhook-id'], msg.event.id);
      const again = await delivered({ ...msg, url: server.url });
      assert.equal(again.event.id, msg.event.id);
      assert.equal(server.requests[1]?.headers['webhook-id'], msg.event.id);
    });

    it('gets the headers of the message, and never those of an answer before', async () => {
      const server = await answering();
      const first = await delivered({
        url: server.url,
        payload: 1,
        headers: { 'X-One': 'a', host: 'a.example', authorization: 'Bearer b' },
      });
      assert.equal(server.requests[0]?.headers['x-one'], undefined);
      await delivered({ url: server.url, payload: 1, headers: { 'X-One': 'a', authorization: 'Bearer b' } });
      assert.equal(server.requests[1]?.headers['x-one'], 'a');
      assert.equal(server.requests[1]?.headers.authorization, 'Bearer b');
      assert.ok(first.headers.date);
      await delivered({ ...first, url: server.url });
      assert.equal(server.requests[2]?.headers.date, undefined);
    });

    it('gets the id as UTF-8, and also where another header has the same value', async () => {
      const server = await answering();
      await delivered({ url: server.url, payload: 1, event: { id: '東京-1' } });
      const id = server.requests[0]?.headers['webhook-id'] as string;
      assert.equal(Buffer.from(id, 'latin1').toString(), '東京-1');
      await delivered({ url: server.url, payload: 1, event: { id: '7' }, headers: { 'x-count': 7 } });
      assert.equal(server.requests[1]?.headers['webhook-id'], '7');
    });

    it('packs its answer: the headers of the coding do not go on', async () => {
      const packed = gzipSync('{"a":1}');
      const headers = { 'content-encoding': 'gzip', 'content-length': packed.length, 'x-kept': 'y' };
      const server = await answering((_request, response) => response.writeHead(200, headers).end(packed));
      const msg = await delivered({ url: server.url, payload: 1 });
      assert.equal(msg.headers['content-encoding'], undefined);
      assert.equal(msg.headers['content-length'], undefined);
      assert.equal(msg.headers['x-kept'], 'y');
    });

    it('is reached over one kept connection', async () => {
      const server = await answering();
      for (let n = 0; n < 5; n += 1) await delivered({ url: server.url, payload: n });
      assert.equal(new Set(server.requests.map((request) => request.connection)).size, 1);
    });

    it('gets it again where a kept connection was closed in between', async () => {
      const server = await answering();
      await delivered({ url: server.url, payload: 1 });
      await server.close();
      const later = await answering(undefined, server.port);
      await delivered({ url: later.url, payload: 2 });
      assert.equal(later.requests.length, 1);
    });

    const answers: [string, Record<string, string>, string | Buffer, unknown][] = [
      ['text', { 'content-type': 'text/plain' }, 'ok', 'ok'],
      ['JSON of another type', { 'content-type': 'application/problem+json; charset=utf-8' }, '{"a":1}', { a: 1 }],
      ['JSON without a type', {}, '[1]', [1]],
      ['bytes', { 'content-type': 'image/png' }, Buffer.from([1, 255]), Buffer.from([1, 255])],
      ['bytes without a type', {}, Buffer.from([1, 255]), Buffer.from([1, 255])],
      ['nothing', { 'content-type': 'application/json' }, '', ''],
      ['broken JSON', { 'content-type': 'application/json' }, '{"a"', '{"a"'],
      ['gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync('{"a":1}'), { a: 1 }],
      [
        'JSON that would change prototypes',
        { 'content-type': 'application/json' },
        '{"__proto__":{}}',
        '{"__proto__":{}}',
      ],
      [
        'JSON too deep to be cloned',
        { 'content-type': 'application/json' },
        '['.repeat(9000) + ']'.repeat(9000),
        '['.repeat(9000) + ']'.repeat(9000),
      ],
    ];
    for (const [title, headers, body, payload] of answers) {
      it(`answers ${title}`, async () => {
        const server = await answering((_request, response) => response.writeHead(200, headers).end(body));
        assert.deepEqual((await delivered({ url: server.url, payload: 1 })).payload, payload);
      });
    }
  });

  describe('a receiver that does not', () => {
    before(() => red.deploy(out({ maxResponse: 1000 })));

    const statuses: [number, Record<string, string>, number | undefined][] = [
      [400, {}, undefined],
      [410, {}, undefined],
      [429, { 'retry-after': '17' }, 17],
      [503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
      [304, {}, undefined],
    ];
    for (const [status, headers, retryAfter] of statuses) {
      it(`answers ${status}: an error with the status${retryAfter === undefined ? '' : ' and Retry-After'}`, async () => {
        const server = await answering((_request, response) =>
          response.writeHead(status, headers).end(status === 304 ? '' : 'because'),
        );
        const msg = await refused({ url: `${server.url}/x?token=s3cret`, statusCode: 200 }, 'HTTP_STATUS');
        assert.equal(msg.statusCode, status);
        assert.equal(msg.retryAfter, retryAfter);
        assert.equal(msg.error.cause.statusCode, status);
        assert.equal(msg.error.cause.body, status === 304 ? undefined : 'because');
        assert.ok(!JSON.stringify(msg.error).includes('s3cret'));
      });
    }

    for (const status of [301, 302, 303, 307, 308]) {
      it(`redirects with ${status}: an error, and the other place is not asked`, async () => {
        const other = await answering();
        const server = await answering((_request, response) =>
          response.writeHead(status, { location: other.url }).end(),
        );
        const msg = await refused({ url: server.url }, 'HTTP_STATUS');
        assert.equal(msg.statusCode, status);
        assert.match(msg.error.message, /redirect/);
        assert.equal(other.requests.length, 0);
      });
    }

    it('refuses the connection', async () => {
      const server = await answering();
      await server.close();
      await refused({ url: server.url, statusCode: 200 }, 'ECONNREFUSED').then((msg) =>
        assert.equal(msg.statusCode, undefined),
      );
    });

    it('resets the connection', async () => {
      await refused(
        { url: await speaking((socket) => socket.on('data', () => socket.resetAndDestroy())) },
        'ECONNRESET',
      );
    });

    it('closes in the middle of its answer', async () => {
      const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc';
      await refused({ url: await speaking((socket) => socket.on('data', () => socket.end(half))) }, 'ECONNRESET');
    });

    it('speaks no HTTP', async () => {
      const msg = await refused(
        { url: await speaking((socket) => socket.on('data', () => socket.end('SSH-2.0-x\r\n'))) },
        'HPE_INVALID_CONSTANT',
      );
      assert.match(msg.error.message, /^DeliveryError: http:\/\/127\.0\.0\.1:\d+: /);
    });

    it('announces 10 GB', async () => {
      const server = await answering((_request, response) => {
        response.writeHead(200, { 'content-length': String(10e9) });
        response.write('x');
      });
      await refused({ url: server.url }, 'RESPONSE_TOO_LARGE');
    });

    /** Writes as fast as it is read until the other side hangs up. */
    const pour = (response: ServerResponse, counted: { bytes: number }): void => {
      const chunk = Buffer.alloc(65_536, 0x61);
      const more = (): void => {
        while (!response.destroyed) {
          counted.bytes += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    };

    it('pours 10 GB without announcing them: cut after the limit', async () => {
      const counted = { bytes: 0 };
      const server = await answering((_request, response) => pour(response.writeHead(200), counted));
      await refused({ url: server.url }, 'RESPONSE_TOO_LARGE');
      assert.ok(counted.bytes < 100e6, `${counted.bytes} bytes were taken`);
    });

    it('pours an endless error page: the status is the error', async () => {
      const server = await answering((_request, response) => pour(response.writeHead(500), { bytes: 0 }));
      assert.equal((await refused({ url: server.url }, 'HTTP_STATUS')).statusCode, 500);
    });

    it('packs a bomb', async () => {
      const bomb = gzipSync(Buffer.alloc(500_000));
      const server = await answering((_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      );
      await refused({ url: server.url }, 'RESPONSE_TOO_LARGE');
    });

    it('says gzip and sends none', async () => {
      const server = await answering((_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('no'),
      );
      await refused({ url: server.url }, 'RESPONSE_UNREADABLE');
    });

    it('floods with headers', async () => {
      const flood = `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`;
      await refused(
        { url: await speaking((socket) => socket.on('data', () => socket.end(flood))) },
        'HPE_HEADER_OVERFLOW',
      );
    });

    const addresses = [
      'http://169.254.169.254/latest',
      'http://[fd00:ec2::254]/',
      'http://[::ffff:169.254.169.254]/',
      'http://2852039166/',
      'http://metadata.test/',
    ];
    for (const url of addresses) {
      it(`is at ${url}: refused`, async () => {
        assert.match((await refused({ url }, 'ADDRESS_REFUSED')).error.message, /link-local/);
      });
    }

    const invalid: [string, Message][] = [
      ['no URL', {}],
      ['a URL of another kind', { url: 'file:///etc/passwd' }],
      ['an id with a line break', { url: 'http://127.0.0.1:9/', event: { id: 'a\r\nx-evil: 1' } }],
      ['a header with a line break', { url: 'http://127.0.0.1:9/', headers: { 'x-a': 'a\r\nb' } }],
    ];
    for (const [title, msg] of invalid) {
      it(`cannot be sent: ${title}`, async () => {
        const end = await deliver(msg);
        assert.equal(end.msg.error.code, 'REQUEST_INVALID');
      });
    }
  });

  describe('a receiver that takes its time', () => {
    before(() => red.deploy(out({ timeout: 0.3, maxResponse: 100_000 })));

    it('never answers', async () => {
      const server = await answering(() => undefined);
      const msg = await refused({ url: server.url }, 'TIMEOUT');
      assert.match(msg.error.message, /0\.3 s/);
    });

    it('never speaks', async () => {
      await refused({ url: await speaking(() => undefined) }, 'TIMEOUT');
    });

    it('drips', async () => {
      const server = await answering((_request, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      });
      await refused({ url: server.url }, 'TIMEOUT');
    });

    it('drips a refusal: the status is the error', async () => {
      const server = await answering((_request, response) => response.writeHead(500).write('x'));
      assert.equal((await refused({ url: server.url }, 'HTTP_STATUS')).statusCode, 500);
    });
  });

  describe('the node', () => {
    it('sends its own method and headers, which win over the message', async () => {
      const server = await answering();
      await red.deploy(
        out({
          url: `${server.url}/own`,
          method: 'PUT',
          headers: [
            { name: 'X-Own', value: 'node' },
            { name: 'Content-Type', value: 'application/vnd.x+json' },
          ],
        }),
      );
      await delivered({ url: 'http://127.0.0.1:9/', payload: { a: 1 }, headers: { 'x-own': 'msg', 'x-msg': 'yes' } });
      const [request] = server.requests;
      assert.equal(request?.method, 'PUT');
      assert.equal(request?.target, '/own');
      assert.equal(request?.headers['x-own'], 'node');
      assert.equal(request?.headers['x-msg'], 'yes');
      assert.equal(request?.headers['content-type'], 'application/vnd.x+json');
    });

    it('sends the user and password of its URL as basic authentication', async () => {
      const server = await answering();
      await red.deploy(out({ url: server.url.replace('//', '//me:p%40ss@') }));
      await delivered({ payload: 1 });
      assert.equal(server.requests[0]?.headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    });

    it('sends a password with a "%" that begins no escape', async () => {
      const server = await answering();
      await red.deploy(out({ url: server.url.replace('//', '//me:100%@') }));
      await delivered({ payload: 1 });
      assert.equal(server.requests[0]?.headers.authorization, `Basic ${Buffer.from('me:100%').toString('base64')}`);
    });

    it('writes to link-local addresses when it may', async () => {
      await red.deploy(out({ allowLinkLocal: true, timeout: 0.2 }));
      const end = await deliver({ url: 'http://169.254.255.254:9/', payload: 1 });
      assert.notEqual(end.msg.error?.code, 'ADDRESS_REFUSED');
    });

    it('shows what is under way and how the last one ended', async () => {
      const held: ServerResponse[] = [];
      const server = await answering((_request, response) => held.push(response));
      await red.deploy(out({ url: server.url }));
      await red.inject('out', { payload: 1 });
      await red.inject('out', { payload: 2 });
      await red.statusWith('out', (status) => status.text === '2 in flight');
      await red.until('both requests', () => held.length === 2);
      held[0]?.writeHead(200).end();
      await red.statusWith('out', (status) => status.text === '200, 1 in flight' && status.fill === 'green');
      held[1]?.writeHead(503).end();
      await red.statusWith('out', (status) => status.text === '503' && status.fill === 'red');
    });

    it('fails what is under way when it is closed', async () => {
      const server = await answering(() => undefined);
      await red.deploy(out({ url: server.url }));
      await red.inject('out', { payload: 1, mark: 'closing' });
      await red.until('the request', () => server.requests.length === 1);
      await red.deploy(out({ url: server.url, name: 'other' }), 'nodes');
      const end = await red.until('its end', () => red.messages.find((entry) => entry.msg.mark === 'closing'));
      assert.equal(end.probe, 'caught');
      assert.equal(end.msg.error.code, 'CLOSED');
      assert.equal(server.requests.length, 1);
    });

    const wrong: [string, Record<string, unknown>][] = [
      ['url', { url: 'no.scheme/x?token=s3cret' }],
      ['timeout', { timeout: -1 }],
      ['headers', { headers: 'x' }],
      ['auth', { auth: 'gone' }],
      ['tls', { tls: 'gone' }],
      ['proxy', { proxy: 'gone' }],
    ];
    for (const [field, fields] of wrong) {
      it(`says what is wrong with ${field}, in red and for every message`, async () => {
        await red.deploy(out(fields));
        const status = await red.statusWith('out', (shown) => shown.fill === 'red');
        assert.match(status.text ?? '', new RegExp(`^${field}: expected`));
        const end = await deliver({ payload: 1 });
        assert.equal(end.msg.error.code, 'MISCONFIGURED');
        assert.match(end.msg.error.message, new RegExp(`${field}: expected`));
      });
    }

    it('has written no secret to the log', () => assert.ok(!red.log.includes('s3cret')));
  });
});
