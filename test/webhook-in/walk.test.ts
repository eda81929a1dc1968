import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Verifier } from '../../nodes/webhook-auth/contract';
import { ArrivingBodies } from '../../nodes/webhook-in/arriving';
import { distinctHeaders } from '../../nodes/webhook-in/distinct-headers';
import { compileContent } from '../../nodes/webhook-in/events';
import type { Refusal } from '../../nodes/webhook-in/refusal';
import { walk } from '../../nodes/webhook-in/walk';
import { FakeClock } from '../support/fake-clock';
import { send } from '../support/http';

const open: Verifier = {
  scheme: 'none',
  identity: {},
  secretHeaders: [],
  secretQuery: [],
  address: (address) => ({ address, allowed: true }),
  checkHead: () => undefined,
  check: () => undefined,
};
const throws = (): never => {
  throw new RangeError('nobody thought of this');
};

describe('the walk of a request', () => {
  let server: Server;
  let verifier: Verifier;
  let refusal: Refusal | undefined;
  const clock = new FakeClock();
  const arriving = new ArrivingBodies();

  before(async () => {
    server = createServer((req, res) => {
      const target = req.url as string;
      const gate = {
        options: { rateBy: 'all', raw: false } as const,
        limits: { maxBody: 1000, timeoutMs: 1000, arriving },
        verifier,
        problem: undefined,
        content: compileContent({}, verifier),
        limit: undefined,
        clock,
      };
      walk(
        gate,
        { req, res, params: {}, target, nodeTarget: target },
        {
          passed: () => res.end('passed'),
          greeted: () => res.end('greeted'),
          refused: (_arrival, why) => {
            refusal = why;
            res.end('refused');
          },
        },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());
  beforeEach(() => {
    refusal = undefined;
  });

  const post = (): Promise<{ body: string }> =>
    send((server.address() as AddressInfo).port, { path: '/x', body: '{"a":1}' });

  for (const step of ['address', 'checkHead', 'check', 'handshake'] as const) {
    it(`a ${step} that throws refuses the request`, async () => {
      verifier = { ...open, [step]: throws };
      assert.equal((await post()).body, 'refused');
      assert.equal(refusal?.reason, 'misconfigured');
      assert.match(refusal?.detail ?? '', /nobody thought of this/);
    });
  }

  it('leaves nothing behind: no timer, no byte', async () => {
    verifier = open;
    assert.equal((await post()).body, 'passed');
    assert.equal(clock.pending, 0);
    assert.equal(arriving.held, 0);
  });
});

describe('bodies that are arriving', () => {
  const body = (evicted: string[], name: string) => ({ held: 0, evict: () => void evicted.push(name) });

  it('make room for each other, the oldest first', () => {
    const evicted: string[] = [];
    const arriving = new ArrivingBodies(10);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => body(evicted, name)) as [
      ReturnType<typeof body>,
      ReturnType<typeof body>,
      ReturnType<typeof body>,
    ];
    arriving.grow(a, 4);
    arriving.grow(b, 4);
    arriving.grow(c, 2);
    assert.deepEqual(evicted, []);
    arriving.grow(b, 1);
    assert.deepEqual(evicted, ['a']);
    arriving.release(b);
    assert.equal(arriving.held, 2);
    arriving.release(b);
    assert.equal(arriving.held, 2);
  });

  it('alone, one may be as large as its node allows', () => {
    const evicted: string[] = [];
    const arriving = new ArrivingBodies(10);
    const big = body(evicted, 'big');
    arriving.grow(big, 8);
    arriving.grow(big, 80);
    assert.deepEqual(evicted, []);
  });
});

describe('distinct headers', () => {
  it('holds every value, also under names that every object has', () => {
    const rawHeaders = ['X-A', '1', '__proto__', 'x', 'constructor', 'y', 'x-a', '2', 'toString', 'z'];
    const headers = distinctHeaders({ rawHeaders });
    assert.deepEqual(headers['x-a'], ['1', '2']);
    assert.deepEqual(Object.keys(headers), ['x-a', '__proto__', 'constructor', 'tostring']);
    assert.equal('hasOwnProperty' in headers, false);
  });
});
