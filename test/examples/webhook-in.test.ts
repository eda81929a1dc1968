import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { type Answer, send, sendJson } from '../support/http';
import { freePort, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { observed, readExample, withSecrets } from './examples';

/** What an inject node of an example sends, as text. */
function payloadOf(example: string, id: string): string {
  const button = readExample(example).find((node) => node.id === id);
  const [payload] = (button?.props ?? []) as { v: string }[];
  assert.ok(payload, `${id} sends something`);
  return payload.v;
}

/** What each example's comment promises, seen in a real Node-RED. */
describe('the examples of webhook in do what their comments say', () => {
  let red: RunningNodeRed;
  let secrets: Record<string, string>;

  async function start(name: string): Promise<void> {
    const filled = withSecrets(readExample(name));
    secrets = filled.secrets;
    const port = await freePort();
    red = await startNodeRed({ port });
    await red.deploy(observed(filled.nodes, port));
  }
  afterEach(() => red?.stop());

  const press = (id: string): Promise<void> => red.inject(id, {});
  const count = (probe: string, n: number): Promise<boolean> =>
    red.until(`${n} at ${probe}`, () => red.seen(probe).length >= n, 30_000);

  describe('10 receive a signed webhook', () => {
    beforeEach(() => start('10'));

    it('the test sender: five events in, five forgeries refused, the report is ok', async () => {
      await red.inject('sw10_sim', { payload: 'start' });
      const report = await red.message('report', 1, 30_000);
      assert.equal(report.payload.ok, true, JSON.stringify(report.payload));
      const accepted = red.seen('accepted event');
      assert.equal(accepted.length, 5);
      assert.equal(accepted[0]?.webhook.scheme, 'standard-webhooks');
      assert.ok(accepted[0]?.event.id && accepted[0].event.device);
      const refused = red.seen('refused request').map(({ payload }) => [payload.reason, payload.status]);
      assert.deepEqual(refused, Array(5).fill(['credentials-mismatch', 401]));
      assert.equal(report.payload.refused[401], 5);
    });

    it('a sender of another make, with the same secret', async () => {
      const body = JSON.stringify({ type: 'door.opened', data: { open: true } });
      const now = new Date();
      const ask = (signature: string): Promise<Answer> =>
        send(red.port, {
          path: '/examples/signed',
          headers: {
            'content-type': 'application/json',
            'webhook-id': 'evt_1',
            'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
            'webhook-signature': signature,
          },
          body,
        });
      const good = await ask(new Webhook(secrets.sw10_auth as string).sign('evt_1', now, body));
      assert.equal(good.status, 202);
      const { payload, topic, event } = await red.message('accepted event');
      assert.deepEqual(payload, JSON.parse(body));
      assert.equal(topic, 'door.opened');
      assert.equal(event.id, 'evt_1');
      assert.equal((await ask('v1,AAAA')).status, 401);
    });
  });

  describe('11 GitHub', () => {
    const line = 'octocat pushed 2 commits to main of octocat/hello-world: Mend the door';
    beforeEach(() => start('11'));

    it('the buttons: a push, and the same push again', async () => {
      await press('sw11_push');
      assert.equal((await red.message('pushed')).payload, line);
      await press('sw11_again');
      assert.equal((await red.message('seen before')).duplicate.state, 'done');
      await press('sw11_push');
      assert.equal((await red.message('pushed', 2)).payload, line);
    });

    it("signed by GitHub's own library: the ping and a push; another secret is refused", async () => {
      const { sign } = await import('@octokit/webhooks-methods');
      const pushed = payloadOf('11', 'sw11_push');
      const post = async (type: string, body: string, secret = secrets.sw11_auth as string): Promise<number> => {
        const headers = {
          'content-type': 'application/json',
          'x-github-event': type,
          'x-github-delivery': `delivery-of-${type}`,
          'x-hub-signature-256': await sign(secret, body),
        };
        return (await send(red.port, { path: '/examples/github', headers, body })).status;
      };
      assert.equal(await post('ping', '{"zen":"Keep it logically awesome."}'), 202);
      assert.equal((await red.message('ping')).payload.zen, 'Keep it logically awesome.');
      assert.equal(await post('push', pushed), 202);
      assert.equal((await red.message('pushed')).payload, line);
      assert.equal(await post('push', pushed, 'another'), 401);
      assert.equal((await red.message('refused request')).payload.reason, 'credentials-mismatch');
    });
  });

  describe('12 a device with a token', () => {
    beforeEach(() => start('12'));

    it('the buttons', async () => {
      await press('sw12_press');
      assert.equal((await red.message('what happened')).payload, 'front-door: pressed');
      await press('sw12_open');
      assert.equal((await red.message('what happened', 2)).payload, 'garage: open');
    });

    it('as Shelly, Tasmota and ESPHome send it; without the token it is refused', async () => {
      const shelly = (token: string): Promise<Answer> =>
        send(red.port, { method: 'GET', path: `/examples/shelly/front-door?token=${token}&event=pressed` });
      assert.equal((await shelly(secrets.sw12_url_token as string)).status, 202);
      assert.equal((await shelly('guess')).status, 401);
      const token = { 'x-webhook-token': secrets.sw12_header_token as string };
      const device = { path: '/examples/device/garage', body: '{"event":"open"}' };
      // Tasmota sends what its rule says; ESPHome's json has no content type.
      const tasmota = await send(red.port, {
        ...device,
        headers: { ...token, 'content-type': 'application/json' },
      });
      assert.equal(tasmota.status, 202);
      assert.equal((await send(red.port, { ...device, headers: token })).status, 202);
      assert.equal((await send(red.port, device)).status, 401);
      await count('what happened', 3);
      assert.deepEqual(
        red.seen('what happened').map(({ payload }) => payload),
        ['front-door: pressed', 'garage: open', 'garage: open'],
      );
      await count('refused request', 2);
    });

    it('lets in private addresses only', () => {
      for (const id of ['sw12_url_token', 'sw12_header_token']) {
        const allow = String(readExample('12').find((node) => node.id === id)?.allow);
        assert.ok(allow.includes('192.168.0.0/16') && !/(^|\s)(0\.0\.0\.0|::)\/0/.test(allow), allow);
      }
    });
  });

  describe('13 answer from the flow', () => {
    beforeEach(() => start('13'));

    it('21.5 degrees are 70.7; nonsense is told 500 at once', async () => {
      await press('sw13_good');
      assert.deepEqual((await red.message('answer')).payload, { fahrenheit: 70.7 });
      await press('sw13_bad');
      assert.match((await red.message('no good answer')).error.message, /500/);
      assert.equal(red.seen('answer').length, 1);
    });
  });

  describe('34 The Things Stack', () => {
    beforeEach(() => start('34'));

    it('the button, twice: a reading, then seen before', async () => {
      await press('sw34_up');
      const { payload } = await red.message('reading');
      assert.deepEqual(payload, { device: 'cellar-door', data: { open: true, battery: 3.1 }, port: 2, rssi: -71 });
      await press('sw34_up');
      assert.equal((await red.message('seen before')).event.id, 'cellar-door:AX/9DkYTjvMJ2P6Yw2hTZA==:117');
    });

    it('joins have no id and are never taken for duplicates; the next frame is not one either', async () => {
      const token = { 'x-webhook-token': secrets.sw34_auth as string };
      const join = { end_device_ids: { device_id: 'cellar-door' }, join_accept: { session_key_id: 'AX' } };
      for (let time = 0; time < 2; time++) {
        assert.equal((await sendJson(red.port, '/examples/lorawan/join', join, token)).status, 202);
      }
      await count('join and others', 2);
      const next = JSON.parse(payloadOf('34', 'sw34_up'));
      for (const frame of [118, 119]) {
        next.uplink_message.f_cnt = frame;
        assert.equal((await sendJson(red.port, '/examples/lorawan/up', next, token)).status, 202);
      }
      await count('reading', 2);
      assert.equal((await sendJson(red.port, '/examples/lorawan/up', next)).status, 401);
    });
  });

  describe('35 Home Assistant', () => {
    beforeEach(() => start('35'));

    it('the button, and a rest_command', async () => {
      await press('sw35_press');
      assert.equal((await red.message('what happened')).payload, 'binary_sensor.front_door: opened');
      const token = { 'x-webhook-token': secrets.sw35_auth as string };
      const event = { event: 'closed', entity: 'binary_sensor.window' };
      assert.equal((await sendJson(red.port, '/examples/home-assistant', event, token)).status, 202);
      assert.equal((await red.message('what happened', 2)).payload, 'binary_sensor.window: closed');
    });
  });
});
