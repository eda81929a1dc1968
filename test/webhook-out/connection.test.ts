import assert from 'node:assert/strict';
import { selfSigned } from '../support/certificate';
import { type ConnectProxy, connectProxy } from '../support/connect-proxy';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type Receiver, receiver } from '../support/receiver';

const CONFIG = ['tls-config', 'http proxy'];

const out = (fields: Record<string, unknown>, configs: FlowNode[] = []): FlowNode[] =>
  flow(
    [
      { id: 'out', type: 'surewire-webhook-out', wires: [['answered']], timeout: 20, ...fields },
      { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
      { id: 'answered', type: 'test-probe' },
      { id: 'caught', type: 'test-probe' },
      ...configs,
    ],
    CONFIG,
  );

describe('webhook out: TLS and proxies', () => {
  const { key, cert } = selfSigned();
  let red: RunningNodeRed;
  let plain: Receiver;
  let secure: Receiver;
  let mutual: Receiver;
  let environmentProxy: ConnectProxy;
  let nodeProxy: ConnectProxy;
  let refusingProxy: ConnectProxy;
  let silentProxy: ConnectProxy;
  let sent = 0;

  before(async () => {
    plain = await receiver();
    secure = await receiver(undefined, { tls: { key, cert } });
    mutual = await receiver(undefined, { tls: { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true } });
    [environmentProxy, nodeProxy, refusingProxy, silentProxy] = await Promise.all([
      connectProxy(),
      connectProxy(),
      connectProxy(407),
      connectProxy(0),
    ]);
    const env = { http_proxy: environmentProxy.url, https_proxy: environmentProxy.url, no_proxy: '127.0.0.1' };
    red = await startNodeRed({ flows: out({}), env });
  });
  after(async () => {
    await red.stop();
    for (const server of [plain, secure, mutual, environmentProxy, nodeProxy, refusingProxy, silentProxy])
      await server.close();
  });

  const deliver = async (msg: Message): Promise<Message> => {
    sent += 1;
    const mark = sent;
    await red.inject('out', { payload: { n: mark }, ...msg, mark });
    return red.until(`message ${mark}`, () => red.messages.find((entry) => entry.msg.mark === mark)?.msg, 30_000);
  };
  const tls = (fields: Record<string, unknown>, credentials: Record<string, string> = {}): FlowNode => ({
    id: 'tls',
    type: 'tls-config',
    cert: '',
    key: '',
    ca: '',
    verifyservercert: true,
    ...fields,
    credentials,
  });
  const proxy = (url: string, noproxy: string[] = [], credentials: Record<string, string> = {}): FlowNode => ({
    id: 'proxy',
    type: 'http proxy',
    url,
    noproxy,
    credentials,
  });

  it('does not believe a certificate that nobody it knows has signed', async () => {
    await red.deploy(out({}));
    const msg = await deliver({ url: secure.url });
    assert.equal(msg.error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.equal(secure.requests.length, 0);
  });

  it('believes the authority that the TLS configuration names', async () => {
    await red.deploy(out({ tls: 'tls' }, [tls({}, { cadata: cert })]));
    assert.equal((await deliver({ url: `${secure.url}/tls` })).statusCode, 200);
    assert.equal(secure.requests.at(-1)?.target, '/tls');
  });

  it('sends to anyone where the TLS configuration does not verify', async () => {
    await red.deploy(out({ tls: 'tls' }, [tls({ verifyservercert: false })]));
    assert.equal((await deliver({ url: secure.url })).statusCode, 200);
  });

  it('shows its client certificate', async () => {
    await red.deploy(out({ tls: 'tls' }, [tls({}, { cadata: cert })]));
    assert.ok((await deliver({ url: mutual.url })).error, 'without one it is refused');
    await red.deploy(out({ tls: 'tls' }, [tls({}, { cadata: cert, certdata: cert, keydata: key })]));
    assert.equal((await deliver({ url: mutual.url })).statusCode, 200);
  });

  it('names the TLS configuration when it cannot be used', async () => {
    await red.deploy(out({ tls: 'tls' }, [tls({}, { certdata: cert, keydata: '' })]));
    assert.match((await deliver({ url: secure.url })).error.message, /tls: expected/);
  });

  it('takes the proxy of the environment, but not for the hosts of no_proxy', async () => {
    await red.deploy(out({}));
    assert.equal((await deliver({ url: plain.url })).statusCode, 200);
    assert.equal(environmentProxy.asked.length, 0);
    assert.equal((await deliver({ url: `http://localhost:${plain.port}/env` })).statusCode, 200);
    assert.deepEqual(environmentProxy.asked, [{ target: `localhost:${plain.port}`, authorization: undefined }]);
    assert.equal(plain.requests.at(-1)?.target, '/env');
  });

  it('takes the proxy of its proxy node, with its credentials, for http and https', async () => {
    await red.deploy(
      out({ proxy: 'proxy', tls: 'tls' }, [
        proxy(nodeProxy.url, ['exempt.example'], { username: 'me', password: 'p@ss' }),
        tls({}, { cadata: cert }),
      ]),
    );
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    assert.equal((await deliver({ url: plain.url })).statusCode, 200);
    assert.deepEqual(nodeProxy.asked.at(-1), { target: `127.0.0.1:${plain.port}`, authorization });
    assert.equal((await deliver({ url: `${secure.url}/through` })).statusCode, 200);
    assert.deepEqual(nodeProxy.asked.at(-1), { target: `127.0.0.1:${secure.port}`, authorization });
    assert.equal(secure.requests.at(-1)?.target, '/through');
    assert.equal(plain.requests.at(-1)?.headers['proxy-authorization'], undefined);
  });

  it('goes past its proxy node where that says so', async () => {
    const before = nodeProxy.asked.length;
    await red.deploy(out({ proxy: 'proxy' }, [proxy(nodeProxy.url, ['127.0.0.1'])]));
    assert.equal((await deliver({ url: plain.url })).statusCode, 200);
    assert.equal(nodeProxy.asked.length, before);
  });

  it('says when the proxy refuses, or is none', async () => {
    await red.deploy(out({ proxy: 'proxy' }, [proxy(refusingProxy.url)]));
    const refused = await deliver({ url: plain.url });
    assert.equal(refused.error.code, 'PROXY_REFUSED');
    assert.match(refused.error.message, /407/);
    await red.deploy(out({ proxy: 'proxy' }, [proxy('http://')]));
    assert.equal((await deliver({ url: plain.url })).error.code, 'MISCONFIGURED');
  });

  it('does not wait for ever for a proxy', async () => {
    await red.deploy(out({ proxy: 'proxy', timeout: 0.3 }, [proxy(silentProxy.url)]));
    assert.equal((await deliver({ url: plain.url })).error.code, 'TIMEOUT');
  });

  it('sends no address of a metadata service through a proxy either', async () => {
    await red.deploy(out({ proxy: 'proxy' }, [proxy(nodeProxy.url)]));
    assert.equal((await deliver({ url: 'http://169.254.169.254/' })).error.code, 'ADDRESS_REFUSED');
  });
});
