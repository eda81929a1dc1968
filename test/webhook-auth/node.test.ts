import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { send } from '../support/http';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

/** A credential that Node-RED is to take from the environment. */
const variable = (name: string): string => `$\{${name}}`;

/** A webhook auth and a webhook in at `/<id>` that uses it. */
const pair = (id: string, config: Record<string, unknown>, credentials: Record<string, string>): FlowNode[] => [
  { id: `auth-${id}`, type: 'surewire-webhook-auth', credentials, ...config },
  { id, type: 'surewire-webhook-in', path: `/${id}`, auth: `auth-${id}`, wires: [['in']] },
];

const nodes = flow([
  ...pair('literal', { scheme: 'github' }, { secret: 'literal-hush' }),
  ...pair('env', { scheme: 'github' }, { secret: variable('HOOK_SECRET') }),
  ...pair('unset', { scheme: 'github' }, { secret: variable('HOOK_UNSET') }),
  ...pair('blank', { scheme: 'github' }, { secret: variable('HOOK_BLANK') }),
  ...pair('empty', { scheme: 'github' }, {}),
  ...pair('allow', { scheme: 'none', allow: variable('HOOK_ALLOW') }, {}),
  ...pair('old', { scheme: 'github' }, { secret: 'new-hush', previousSecret: 'old-hush' }),
  ...pair('bare', {}, { secret: 'whsec_AAAA' }),
  { id: 'in', type: 'test-probe', name: 'in', wires: [[]] },
]);

const post = (red: RunningNodeRed, id: string, secret: string) =>
  send(red.port, {
    path: `/${id}`,
    headers: {
      'content-type': 'application/json',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update('{}').digest('hex')}`,
    },
    body: '{}',
  });

describe('webhook auth in Node-RED', () => {
  let red: RunningNodeRed;
  before(async () => {
    const env = { HOOK_SECRET: 'env-hush', HOOK_BLANK: '', HOOK_ALLOW: '10.0.0.0/8, ::ffff:127.0.0.0/104' };
    // Credentials belong to a deploy: a flow file does not hold them.
    red = await startNodeRed({ env });
    await red.deploy(nodes);
  });
  after(() => red.stop());

  const table: [id: string, secret: string, status: number][] = [
    ['literal', 'literal-hush', 202],
    ['literal', 'another', 401],
    ['env', 'env-hush', 202],
    // Node-RED leaves the text as it is where the variable is not set; it must never become the secret.
    ['unset', variable('HOOK_UNSET'), 503],
    ['unset', '', 503],
    ['blank', '', 503],
    ['empty', '', 503],
    ['old', 'new-hush', 202],
    ['old', 'old-hush', 202],
    ['old', 'older-hush', 401],
    ['allow', 'whatever', 202],
    ['bare', 'whatever', 401],
  ];
  for (const [id, secret, status] of table) {
    it(`${id} signed with ${JSON.stringify(secret)}: ${status}`, async () => {
      const answer = await post(red, id, secret);
      assert.equal(answer.status, status, answer.body);
      if (status === 503) assert.equal(answer.json.reason, 'misconfigured');
    });
  }

  it('no secret is exported, logged or stored in the open', async () => {
    const exported = await (await fetch(`${red.url}/flows`)).text();
    const stored = readFileSync(path.join(red.userDir, 'flows.json'), 'utf8');
    const credentials = readFileSync(path.join(red.userDir, 'flows_cred.json'), 'utf8');
    for (const text of [exported, stored, credentials, red.log]) assert.doesNotMatch(text, /hush|whsec_AAAA/);
    const shown = await (await fetch(`${red.url}/credentials/surewire-webhook-auth/auth-old`)).json();
    assert.deepEqual(shown, { has_secret: true, has_previousSecret: true });
  });

  it('the log says what is wrong and with which field', () => {
    assert.match(red.log, /webhook-auth:auth-unset\] secret: the environment variable HOOK_UNSET is not set/);
    assert.match(red.log, /webhook-auth:auth-empty\] secret: is empty/);
  });

  it('what is taken from the editor is in place', async () => {
    const texts = await (await fetch(`${red.url}/locales/@surewire/node-red-webhooks/webhook-auth?lng=en-US`)).json();
    assert.ok(JSON.stringify(texts).includes('Standard Webhooks'));
    const html = await (await fetch(`${red.url}/nodes`, { headers: { accept: 'text/html' } })).text();
    assert.match(html, /data-help-name="surewire-webhook-auth"/);
    assert.match(html, /registerType\("surewire-webhook-auth"/);
  });
});
