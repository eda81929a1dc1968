import assert from 'node:assert/strict';
import { type FlowNode, flow, startNodeRed } from '../support/node-red';

const nodes: FlowNode[] = [
  { id: 'dedupe', type: 'surewire-dedupe', wires: [['first'], ['dup']] },
  { id: 'first', type: 'test-probe', wires: [[]] },
  { id: 'dup', type: 'test-probe', wires: [[]] },
];

/** Two users with the password "password": one who may read only. */
const ADMIN_AUTH = `(() => {
  const password = require(${JSON.stringify(require.resolve('bcryptjs'))}).hashSync('password', 4);
  return { type: 'credentials', users: [
    { username: 'maker', password, permissions: '*' },
    { username: 'guest', password, permissions: 'read' },
  ] };
})()`;

describe('dedupe: who may forget', () => {
  it('only users with permission to write', async () => {
    const red = await startNodeRed({ flows: flow(nodes), settings: { adminAuth: ADMIN_AUTH } });
    try {
      const token = async (username: string): Promise<string> => {
        const answer = await fetch(`${red.url}/auth/token`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            client_id: 'node-red-admin',
            grant_type: 'password',
            scope: '',
            username,
            password: 'password',
          }),
        });
        return ((await answer.json()) as { access_token: string }).access_token;
      };
      const forget = async (headers: Record<string, string> = {}): Promise<number> =>
        (await fetch(`${red.url}/surewire/dedupe/dedupe/forget`, { method: 'POST', headers })).status;
      await red.inject('dedupe', { event: { id: 'a' } });
      await red.message('first');
      assert.equal(await forget(), 401);
      assert.equal(await forget({ authorization: `Bearer ${await token('guest')}` }), 401);
      await red.inject('dedupe', { event: { id: 'a' } });
      await red.message('dup');
      assert.equal(await forget({ authorization: `Bearer ${await token('maker')}` }), 200);
      await red.inject('dedupe', { event: { id: 'a' } });
      await red.message('first', 2);
    } finally {
      await red.stop();
    }
  });

  it('does no harm where there is no admin API', async () => {
    const red = await startNodeRed({ flows: flow(nodes), settings: { httpAdminRoot: 'false' } });
    try {
      await red.inject('dedupe', { event: { id: 'a' } });
      await red.message('first');
    } finally {
      await red.stop();
    }
  });
});
