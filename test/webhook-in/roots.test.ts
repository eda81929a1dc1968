import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import path from 'node:path';
import { openAuth, webhookIn } from '../support/flows';
import { send, sendJson } from '../support/http';
import { flow, type RunningNodeRed, root, type StartOptions, startNodeRed } from '../support/node-red';

const github = { id: 'open', type: 'surewire-webhook-auth', scheme: 'github', credentials: { secret: 's3cret' } };
const flows = (more: Record<string, unknown> = {}) =>
  flow([github, ...webhookIn({ raw: true, path: '/hooks/:device', ...more })]);
/** White space, a float that ends in zero and a number beyond 2^53: re-serialised, the signature would not hold. */
const body = '{ "t": 1.0,\n "n": 12345678901234567890 }';
const signature = `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`;

async function deploy(red: RunningNodeRed, adminRoot: string, nodes = flows()): Promise<void> {
  await red.deploy(nodes, 'full', adminRoot);
}

const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;
/** Node-RED wants passwords hashed by bcrypt; it brings the package. */
const hash: string = require('bcryptjs').hashSync('pass', 4);
const embedded = path.join(root, 'test', 'support', 'embedded.js');

interface Row {
  title: string;
  settings?: Record<string, string>;
  script?: string;
  env?: Record<string, string>;
  /** Prefix of node paths, of the admin API. */
  node?: string;
  admin?: string;
  /** Headers that let a request through what stands in front; without them it gets 401 and no event comes. */
  pass?: Record<string, string>;
}

const rows: Row[] = [
  { title: 'the defaults' },
  { title: 'httpAdminRoot /admin', settings: { httpAdminRoot: "'/admin'" }, admin: '/admin' },
  { title: 'httpNodeRoot /api', settings: { httpNodeRoot: "'/api'" }, node: '/api' },
  {
    title: 'both roots',
    settings: { httpNodeRoot: "'/api'", httpAdminRoot: "'/admin'" },
    node: '/api',
    admin: '/admin',
  },
  {
    title: 'httpNodeAuth',
    settings: { httpNodeAuth: `{ user: 'user', pass: '${hash}' }` },
    pass: { authorization: basic },
  },
  {
    title: 'httpNodeMiddleware',
    settings: { httpNodeMiddleware: "(req, res, next) => req.headers['x-pass'] ? next() : res.status(401).end()" },
    pass: { 'x-pass': '1' },
  },
  {
    title: 'httpNodeMiddleware, a list',
    settings: {
      httpNodeMiddleware:
        "[(req, res, next) => next(), (req, res, next) => req.headers['x-pass'] ? next() : res.status(401).end()]",
    },
    pass: { 'x-pass': '1' },
  },
  {
    title: 'an application that embeds Node-RED behind its own authentication',
    script: embedded,
    env: { EMBED: 'auth' },
    pass: { 'x-pass': '1' },
  },
  { title: 'an application that embeds Node-RED and parses bodies itself', script: embedded, env: { EMBED: 'parser' } },
  {
    title: 'an application that embeds Node-RED below a path of its own',
    script: embedded,
    env: { EMBED: 'nested' },
    node: '/outer/red',
    admin: '/outer',
  },
];

describe('webhook in behind every root and authentication', () => {
  for (const row of rows) {
    describe(row.title, () => {
      let red: RunningNodeRed;
      before(async () => {
        const options: StartOptions = { flows: [] };
        if (row.settings) options.settings = row.settings;
        if (row.script) options.script = row.script;
        if (row.env) options.env = row.env;
        red = await startNodeRed(options);
        await deploy(red, row.admin ?? '');
      });
      after(() => red.stop());

      for (const [what, target, type] of [
        ['json', '/hooks/door', 'application/json'],
        ['another letter case and a trailing slash', '/HOOKS/door/', 'application/json'],
        ['a form type', '/hooks/door', 'application/x-www-form-urlencoded'],
        ['no type', '/hooks/door?x=1', undefined],
      ] as const) {
        it(`verifies the exact bytes: ${what}`, async () => {
          const before = red.seen('in').length;
          const headers = { 'x-hub-signature-256': signature, ...(type && { 'content-type': type }), ...row.pass };
          const answer = await send(red.port, { path: (row.node ?? '') + target, headers, body });
          assert.equal(answer.status, 202, answer.body);
          const msg = await red.message('in', before + 1);
          assert.equal(msg.webhook.raw.toString(), body);
          assert.equal(msg.webhook.params.device, 'door');
        });
      }

      it('refuses a wrong signature', async () => {
        const answer = await sendJson(
          red.port,
          `${row.node ?? ''}/hooks/door`,
          {},
          { 'x-hub-signature-256': signature, ...row.pass },
        );
        assert.equal(answer.status, 401);
        assert.equal(answer.json.reason, 'credentials-mismatch');
        assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
        assert.equal((await red.message('refused')).payload.reason, 'credentials-mismatch');
      });

      if (row.pass) {
        it('leaves the first word to what stands in front', async () => {
          const before = red.seen('in').length + red.seen('refused').length;
          const answer = await send(red.port, {
            path: `${row.node ?? ''}/hooks/door`,
            headers: { 'x-hub-signature-256': signature },
            body,
          });
          assert.equal(answer.status, 401);
          assert.notEqual(answer.json?.reason, 'credentials-mismatch');
          assert.equal(red.seen('in').length + red.seen('refused').length, before);
        });
      }
    });
  }

  it('httpAdminRoot false: still served', async () => {
    const red = await startNodeRed({ flows: flow([openAuth, ...webhookIn()]), settings: { httpAdminRoot: 'false' } });
    try {
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 })).status, 202);
      assert.deepEqual((await red.message('in')).payload, { a: 1 });
    } finally {
      await red.stop();
    }
  });

  it('httpNodeRoot false: red status, nothing served', async () => {
    const red = await startNodeRed({ flows: [], settings: { httpNodeRoot: 'false' } });
    try {
      await red.deploy(flow([openAuth, ...webhookIn()]));
      await red.statusWith('hook', (status) => status.fill === 'red');
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 })).status, 404);
      assert.match(red.log, /httpNodeRoot/);
    } finally {
      await red.stop();
    }
  });

  it('httpAdminAuth below the same root is asked first', async () => {
    const red = await startNodeRed({
      flows: flow([openAuth, ...webhookIn()]),
      settings: { httpAdminAuth: `{ user: 'user', pass: '${hash}' }` },
    });
    try {
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 })).status, 401);
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 }, { authorization: basic })).status, 202);
    } finally {
      await red.stop();
    }
  });

  it('httpAdminMiddleware below the same root is asked first', async () => {
    const red = await startNodeRed({
      flows: flow([openAuth, ...webhookIn()]),
      settings: { httpAdminMiddleware: "(req, res, next) => req.headers['x-pass'] ? next() : res.status(401).end()" },
    });
    try {
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 })).status, 401);
      assert.equal((await sendJson(red.port, '/hooks/door', { a: 1 }, { 'x-pass': '1' })).status, 202);
    } finally {
      await red.stop();
    }
  });

  it('httpNodeCors: the preflight is answered and the answer carries the header', async () => {
    const red = await startNodeRed({
      flows: flow([openAuth, ...webhookIn()]),
      settings: {
        // With both roots alike, Node-RED's admin API answers every preflight itself.
        httpAdminRoot: "'/admin'",
        httpNodeCors: "{ origin: 'https://shop.example', methods: 'POST' }",
      },
    });
    try {
      const preflight = await send(red.port, {
        method: 'OPTIONS',
        path: '/hooks/door',
        headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], 'https://shop.example');
      const answer = await sendJson(red.port, '/hooks/door', { a: 1 }, { origin: 'https://shop.example' });
      assert.equal(answer.status, 202);
      assert.equal(answer.headers['access-control-allow-origin'], 'https://shop.example');
    } finally {
      await red.stop();
    }
  });

  it('two nodes on one path: the second is red and names the first; it takes over when the first goes', async () => {
    const red = await startNodeRed({ flows: [] });
    const second = { ...webhookIn({ id: 'second', path: '/Hooks/Door/' })[0], z: 'tab', x: 10, y: 10 } as never;
    try {
      await red.deploy([...flow([openAuth, ...webhookIn({ name: 'front gate' })]), second]);
      await red.statusWith('second', (status) => status.fill === 'red' && /front gate/.test(status.text ?? ''));
      assert.equal((await sendJson(red.port, '/hooks/door', {})).status, 202);
      await red.message('in');
      const alone = flow([openAuth, ...webhookIn({ id: 'second', path: '/Hooks/Door/' })]);
      await red.deploy(alone, 'nodes');
      assert.equal((await sendJson(red.port, '/hooks/door', {})).status, 202);
      await red.message('in-second');
    } finally {
      await red.stop();
    }
  });

  it('a path that the admin API or another http in holds: a warning, and the admin API still works', async () => {
    const red = await startNodeRed({ flows: [] });
    try {
      await red.deploy(
        flow([
          openAuth,
          ...webhookIn({ path: '/flows' }),
          ...webhookIn({ id: 'shared', path: '/shared' }),
          { id: 'core', type: 'http in', url: '/shared', method: 'post', wires: [[]] },
          { id: 'coreget', type: 'http in', url: '/shared', method: 'get', wires: [['answer']] },
          { id: 'answer', type: 'http response', statusCode: '299', wires: [] },
        ]),
      );
      await red.statusWith('hook', (status) => status.fill === 'yellow');
      await red.statusWith('shared', (status) => status.fill === 'yellow');
      assert.equal((await sendJson(red.port, '/shared', {})).status, 202);
      // The warning stays while the node is at work.
      await red.statusWith(
        'shared',
        ({ fill, text }) => fill === 'yellow' && /this path too.*1 accepted/.test(text ?? ''),
      );
      assert.equal(
        (await send(red.port, { method: 'GET', path: '/shared' })).status,
        299,
        'another method of the path is core http in’s',
      );
      // Express answers HEAD by a route for GET.
      assert.equal((await send(red.port, { method: 'HEAD', path: '/shared' })).status, 299);
      await red.deploy(flow([openAuth, ...webhookIn({ path: '/:any' })]));
      for (const turn of [1, 2]) {
        assert.equal((await sendJson(red.port, '/door', {})).status, 202, `turn ${turn}`);
        const answer = await sendJson(red.port, '/flows', { turn });
        assert.equal(answer.status, 400, 'the admin API says what it thinks of it');
        assert.match(answer.body, /unexpected_error/);
      }
    } finally {
      await red.stop();
    }
  });
});
