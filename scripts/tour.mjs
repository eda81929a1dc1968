// The tour flow as `npm start` loads it: with a secret of its own, started by itself, on the port there is.
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { root } from './ensure.mjs';

/** The ids of the nodes that are asked while the tour runs; they stand in examples/01-tour.json. */
export const SIMULATOR = 'sw01_sim';
export const TAB = 'sw01_tab';
export const HOOK = '/hooks/tour';

export const newSecret = () => `whsec_${randomBytes(24).toString('base64')}`;

/** The tour's nodes, and its credentials apart, as Node-RED keeps them. The secret itself is in the environment alone. */
function tour(secretVariable) {
  const nodes = JSON.parse(readFileSync(path.join(root, 'examples', '01-tour.json'), 'utf8'));
  const credentials = {};
  for (const node of nodes) {
    if (node.credentials) credentials[node.id] = { secret: `\${${secretVariable}}` };
    delete node.credentials;
    if (node.id === SIMULATOR) node.autostart = true;
  }
  return { nodes, credentials };
}

const settings = (port) => `// Written by npm start.
module.exports = {
  uiHost: '127.0.0.1',
  uiPort: ${port},
  flowFile: 'flows.json',
  credentialSecret: ${JSON.stringify(randomBytes(16).toString('hex'))},
  telemetry: { enabled: false },
  editorTheme: { tours: false, projects: { enabled: false } },
  logging: { console: { level: 'warn', metrics: false, audit: false } },
};
`;

/**
 * Fills a user directory with settings, the tour and a link to the package.
 * @returns where flows that somebody has changed since the last start were put, or undefined
 */
export function prepare(userDir, port, secretVariable) {
  const scope = path.join(userDir, 'node_modules', '@surewire');
  mkdirSync(scope, { recursive: true });
  const link = path.join(scope, 'node-red-webhooks');
  rmSync(link, { force: true, recursive: false });
  symlinkSync(root, link, 'junction');
  writeFileSync(path.join(userDir, 'settings.js'), settings(port));

  const flows = path.join(userDir, 'flows.json');
  const kept = path.join(userDir, 'flows.before.json');
  const edited = existsSync(flows) && path.join(userDir, 'flows.edited.json');
  if (edited && !(existsSync(kept) && readFileSync(kept, 'utf8') === readFileSync(flows, 'utf8'))) {
    writeFileSync(edited, readFileSync(flows));
  }
  const { nodes, credentials } = tour(secretVariable);
  const text = `${JSON.stringify(nodes, null, 2)}\n`;
  writeFileSync(flows, text);
  writeFileSync(kept, text);
  writeFileSync(path.join(userDir, 'flows_cred.json'), JSON.stringify(credentials));
  return edited && existsSync(edited) ? edited : undefined;
}

/** The port asked for, or the first free one from there on. */
export async function freePort(from) {
  for (let port = from; port < 65_536; port++) {
    const free = await new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port from ${from} on`);
}

/** A curl command that posts one event, signed as Standard Webhooks asks; with a wrong key it must get 401. */
export function curl(port, secret, good) {
  const id = `curl_${randomBytes(6).toString('hex')}`;
  const time = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({
    specversion: '1.0',
    id,
    source: '/devices/front-door',
    type: 'door.opened',
    data: { open: true },
  });
  const key = good ? Buffer.from(secret.slice('whsec_'.length), 'base64') : randomBytes(24);
  const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/cloudevents+json',
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': `v1,${signature}`,
  };
  const flags = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`);
  return `curl -i http://127.0.0.1:${port}${HOOK} ${flags.join(' ')} -d '${body}'`;
}
