import assert from 'node:assert/strict';
import { probe, retryNode } from './retry/support';
import { adminAuth, login } from './support/admin';
import { openAuth } from './support/flows';
import { sendJson } from './support/http';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed, WITHOUT_PACKAGE } from './support/node-red';

interface AdminRoute {
  /** As it was registered. */
  route: string;
  permission: string;
  /** Values of the route's parameters. */
  params?: Record<string, string>;
}

const deadLetters = (kind: string): AdminRoute[] => {
  const at = `/surewire/${kind}/:id/dead-letters`;
  return [
    { route: `GET ${at}`, permission: `surewire-${kind}.read`, params: { id: kind } },
    { route: `POST ${at}`, permission: `surewire-${kind}.write`, params: { id: kind } },
    { route: `POST ${at}/replay`, permission: `surewire-${kind}.write`, params: { id: kind } },
    { route: `DELETE ${at}`, permission: `surewire-${kind}.write`, params: { id: kind } },
  ];
};

/** Every admin route of the package. One that is missing here fails the first test, one without a guard the test of its row. */
const ROUTES: AdminRoute[] = [
  ...deadLetters('retry'),
  ...deadLetters('webhook-in'),
  { route: 'POST /surewire/webhook-in/schema', permission: 'flows.write' },
  { route: 'POST /surewire/dedupe/:id/forget', permission: 'surewire-dedupe.write', params: { id: 'dedupe' } },
  {
    route: 'POST /surewire-device-simulator/:id/:command',
    permission: 'surewire-device-simulator.write',
    params: { id: 'simulator', command: 'start' },
  },
  {
    route: 'GET /surewire-device-simulator/:id',
    permission: 'surewire-device-simulator.read',
    params: { id: 'simulator' },
  },
];

/** Each user has one permission and is named after it; Node-RED's `read` means every permission that ends so. */
const USERS = [...new Set(['*', 'read', 'flows.read', ...ROUTES.map(({ permission }) => permission)])];
const may = (user: string, permission: string): boolean =>
  user === '*' || user === permission || (user === 'read' && permission.endsWith('.read'));

/** One node of every type, the ids of those with routes being their kinds; what retry and webhook in hand on fails. */
const nodes: FlowNode[] = [
  openAuth,
  { id: 'store', type: 'surewire-event-store', kind: 'memory' },
  { id: 'out', type: 'surewire-webhook-out' },
  { id: 'simulator', type: 'surewire-device-simulator', wires: [[], []] },
  { id: 'dedupe', type: 'surewire-dedupe', wires: [['first'], ['duplicate']] },
  probe('first'),
  probe('duplicate'),
  { ...retryNode({ id: 'retry', attempts: 1 })[0]!, wires: [['fails'], ['retry-gave-up'], []] },
  probe('retry-gave-up'),
  {
    id: 'webhook-in',
    type: 'surewire-webhook-in',
    path: '/hooks/door',
    auth: 'open',
    answer: 'stored',
    store: 'store',
    redeliveries: 0,
    wires: [['fails'], ['webhook-in-gave-up']],
  },
  probe('webhook-in-gave-up'),
  probe('fails', { fail: 1000 }),
];

describe("the admin routes of the package, with Node-RED's adminAuth", () => {
  let red: RunningNodeRed;
  const headers = new Map<string, Record<string, string>>();

  before(async () => {
    red = await startNodeRed({ flows: flow(nodes), settings: { adminAuth: adminAuth(USERS) } });
    for (const user of USERS) headers.set(user, await login(red, user));
    await red.inject('dedupe', { event: { id: 'a' } });
    await red.message('first');
    await red.inject('retry', { payload: 1 });
    await red.message('retry-gave-up');
    assert.equal((await sendJson(red.port, '/hooks/door', { id: 1 })).status, 202);
    await red.message('webhook-in-gave-up');
  });
  after(() => red?.stop());

  /** The answer to a user's request; to nobody's without one. */
  const ask = ({ route, params = {} }: AdminRoute, user?: string): Promise<Response> => {
    const [method, pattern] = route.split(' ') as [string, string];
    const url = red.url + pattern.replace(/:(\w+)/g, (_, name: string) => params[name] as string);
    return fetch(url, { method, headers: headers.get(user ?? '') ?? {} });
  };
  const asMaker = async (route: string): Promise<Record<string, unknown>> => {
    const answer = await ask(ROUTES.find((row) => row.route === route) as AdminRoute, '*');
    return (await answer.json()) as Record<string, unknown>;
  };

  it('are these and no others', async () => {
    const bare = await startNodeRed({ settings: WITHOUT_PACKAGE });
    try {
      const own = await bare.command<string[]>('adminRoutes');
      const added = await red.command<string[]>('adminRoutes');
      for (const route of own) added.splice(added.indexOf(route), 1);
      assert.deepEqual(added.sort(), ROUTES.map(({ route }) => route).sort());
    } finally {
      await bare.stop();
    }
  });

  for (const row of ROUTES) {
    it(`${row.route} refuses whoever lacks ${row.permission}`, async () => {
      for (const user of [undefined, ...USERS.filter((name) => !may(name, row.permission))]) {
        const answer = await ask(row, user);
        assert.ok([401, 403].includes(answer.status), `${user ?? 'nobody'}: ${answer.status}`);
      }
    });
  }

  it('have done nothing for those they refused', async () => {
    for (const kind of ['retry', 'webhook-in']) {
      const { deadLetters: letters } = await asMaker(`GET /surewire/${kind}/:id/dead-letters`);
      assert.equal((letters as unknown[]).length, 1, kind);
      assert.equal(red.seen(`${kind}-gave-up`).length, 1, kind);
    }
    assert.equal((await asMaker('GET /surewire-device-simulator/:id')).running, false);
    await red.inject('dedupe', { event: { id: 'a' } });
    await red.message('duplicate');
  });

  for (const row of ROUTES) {
    it(`${row.route} serves whoever has ${row.permission}`, async () => {
      for (const user of USERS.filter((name) => may(name, row.permission))) {
        const answer = await ask(row, user);
        assert.equal(answer.status, 200, `${user}: ${answer.status}`);
      }
    });
  }

  it('have forgotten the key of dedupe for those they served', async () => {
    await red.inject('dedupe', { event: { id: 'a' } });
    await red.message('first', 2);
  });
});

describe('the package where there is no admin API', () => {
  it('works', async () => {
    const red = await startNodeRed({ flows: flow(nodes), settings: { httpAdminRoot: 'false' } });
    try {
      await red.inject('dedupe', { event: { id: 'a' } });
      await red.message('first');
      await red.inject('retry', { payload: 1 });
      await red.message('retry-gave-up');
      await red.inject('simulator', { payload: 'start' });
      await red.statusWith('simulator', ({ fill }) => fill === 'green');
      assert.equal((await sendJson(red.port, '/hooks/door', { id: 1 })).status, 202);
      await red.message('webhook-in-gave-up');
    } finally {
      await red.stop();
    }
  });
});
