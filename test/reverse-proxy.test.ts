import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import twilio from 'twilio';
import { selfSigned } from './support/certificate';
import { webhookIn } from './support/flows';
import { flow, freePort, type RunningNodeRed, root, startNodeRed } from './support/node-red';
import { need } from './support/skip';

const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find((file) => existsSync(file));

/** The nginx configuration of the README, with ports, certificate and files of this test. */
function configuration(directory: string, port: number, behind: number): string {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const server = /```nginx\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const own = server
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
    .replace('127.0.0.1:1880', `127.0.0.1:${behind}`)
    .replace(/(ssl_certificate +)\S+;/, `$1${directory}/cert.pem;`)
    .replace(/(ssl_certificate_key +)\S+;/, `$1${directory}/key.pem;`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  );
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events {}
http {
access_log off;
${temporary.join('\n')}
${own}}
`;
}

describe('behind nginx, as the README configures it', () => {
  let red: RunningNodeRed | undefined;
  let proxy: ChildProcess | undefined;
  let directory: string | undefined;
  let port = 0;

  before(async function () {
    need(this, 'nginx', nginx !== undefined);
    directory = mkdtempSync(path.join(tmpdir(), 'surewire-nginx-'));
    const { key, cert } = selfSigned();
    writeFileSync(path.join(directory, 'key.pem'), key);
    writeFileSync(path.join(directory, 'cert.pem'), cert);
    red = await startNodeRed();
    const auth = { type: 'surewire-webhook-auth', trustedProxies: '127.0.0.1 ::1' };
    await red.deploy(
      flow([
        { ...auth, id: 'signed-auth', scheme: 'twilio', credentials: { secret: 'token' } },
        { ...auth, id: 'listed-auth', scheme: 'none', allow: '203.0.113.0/24' },
        ...webhookIn({ path: '/hooks/signed', auth: 'signed-auth' }),
        ...webhookIn({ id: 'listed-in', path: '/hooks/listed', auth: 'listed-auth' }),
      ]),
    );
    port = await freePort();
    const file = path.join(directory, 'nginx.conf');
    writeFileSync(file, configuration(directory, port, red.port));
    proxy = spawn(nginx as string, ['-e', path.join(directory, 'error.log'), '-c', file], { stdio: 'ignore' });
    await red.until('nginx', () => proxy?.exitCode !== null || existsSync(path.join(directory as string, 'nginx.pid')));
    assert.equal(proxy.exitCode, null, 'nginx takes the configuration');
    await once(connect(port, '127.0.0.1'), 'connect');
  });
  after(async () => {
    if (proxy?.exitCode === null) {
      proxy.kill('SIGTERM');
      await once(proxy, 'exit');
    }
    await red?.stop();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  const ask = (target: string, headers: Record<string, string>, body = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      // From another address than the proxy's own, which is trusted.
      const options = { host: '127.0.0.1', localAddress: '127.0.0.2', port, path: target, method: 'POST', headers };
      const asked = request({ ...options, rejectUnauthorized: false }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.on('error', reject);
      asked.end(body);
    });

  it("a signature over the sender's URL holds, without a public URL", async () => {
    const url = `https://127.0.0.1:${port}/hooks/signed?room=a%2Fb`;
    const signature = twilio.getExpectedTwilioSignature('token', url, { From: '+41', Body: 'hello' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
    assert.equal(await ask('/hooks/signed?room=a%2Fb', headers, 'From=%2B41&Body=hello'), 202);
  });

  it('callers are known by what nginx says, and cannot pretend to be somebody on the list', async () => {
    assert.equal(await ask('/hooks/listed', { 'x-forwarded-for': '203.0.113.5' }), 403);
    const refused = await (red as RunningNodeRed).message('refused-listed-in');
    assert.equal(refused.payload.reason, 'address-not-allowed');
  });

  it('the editor is not reachable', async () => {
    for (const target of ['/', '/flows', '/hooks/../flows']) assert.equal(await ask(target, {}), 404, target);
  });
});
