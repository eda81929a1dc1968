import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { systemClock } from '../shared/clock';
import { throttledStatus } from '../shared/status';
import type { WebhookAuthNode } from '../webhook-auth/contract';
import type { TemplateInput } from './profiles';
import { readSettings, type Settings } from './settings';
import { Simulator } from './simulator';
import { StatusText } from './status';
import { isOwnPath } from './target-url';
import { httpTransport } from './transport';

interface SimulatorDef extends NodeDef {
  auth?: string;
}

interface SimulatorNode extends Node {
  simulator?: Simulator;
}

/** What Node-RED's settings say about where it listens. */
interface OwnServer {
  uiPort?: number | string;
  uiHost?: string;
  httpNodeRoot?: string | false;
  https?: unknown;
}

type InputMessage = NodeMessageInFlow & { event?: { id?: unknown }; faults?: unknown };

const PERMISSION = 'surewire-device-simulator';
const TICK_MS = 500;

export default function deviceSimulator(RED: NodeAPI): void {
  /** `url`, or where this Node-RED itself listens for a path of it. */
  function address(url: string): string {
    if (!isOwnPath(url)) return url;
    const { uiPort, uiHost, httpNodeRoot, https } = RED.settings as unknown as OwnServer;
    const bound = (RED.server as { address?(): unknown } | undefined)?.address?.() as { port?: number } | null;
    const host = uiHost && !['0.0.0.0', '::'].includes(uiHost) ? uiHost : '127.0.0.1';
    const name = host.includes(':') ? `[${host}]` : host;
    const root = typeof httpNodeRoot === 'string' ? httpNodeRoot.replace(/\/$/, '') : '';
    return `${https ? 'https' : 'http'}://${name}:${bound?.port ?? uiPort ?? 1880}${root}${url}`;
  }

  /** @throws Error where the field names a node that is missing or wrong */
  function signer(settings: Settings, id: string | undefined): WebhookAuthNode['signer'] | undefined {
    if (settings.target !== 'http' || !id) return undefined;
    const auth = RED.nodes.getNode(id) as WebhookAuthNode | null;
    if (auth?.type !== 'surewire-webhook-auth')
      throw new Error('auth: expected a webhook auth node, it is missing or disabled');
    if (auth.problem) throw new Error(`auth: ${auth.problem}`);
    return auth.signer;
  }

  /** @throws Error with the position of a mistake in the expression */
  function template(node: Node, settings: Settings): ((input: TemplateInput) => Promise<unknown>) | undefined {
    if (settings.profile !== 'custom') return undefined;
    try {
      const expression = RED.util.prepareJSONataExpression(settings.template, node);
      return (input) =>
        new Promise((resolve, reject) => {
          RED.util.evaluateJSONataExpression(expression, input as unknown as NodeMessageInFlow, (error, result) => {
            if (error) reject(new Error(`template: ${error.message}`));
            else resolve(result);
          });
        });
    } catch (error) {
      const { message, position } = error as { message: string; position?: number };
      throw new Error(`template: ${message}${position === undefined ? '' : ` (position ${position})`}`);
    }
  }

  function build(
    node: SimulatorNode,
    def: SimulatorDef,
    changed: () => void,
    failed: (error: Error) => void,
  ): { simulator: Simulator; settings: Settings } {
    const settings = readSettings(def);
    const simulator = new Simulator({
      settings,
      clock: systemClock,
      random: Math.random,
      newRunId: () => randomBytes(5).toString('hex'),
      url: () => address(settings.url),
      signer: signer(settings, def.auth),
      transport: (connections) => httpTransport(connections, { own: isOwnPath(settings.url) }),
      evaluate: template(node, settings),
      emit: (msg) => node.send([msg as unknown as NodeMessageInFlow, null]),
      ended: (report) => node.send([null, { topic: 'report', payload: report }]),
      changed,
      failed,
      skipped: (kinds) =>
        node.warn(
          settings.target === 'message'
            ? `faults: ${kinds.join(', ')} need a request that can be refused; with target "message" they are left out`
            : `faults: ${kinds.join(', ')} need a signature; without webhook auth they are left out`,
        ),
    });
    return { simulator, settings };
  }

  // One listener for all of them: with a dozen Node.js would warn of a leak.
  const waiting = new Set<() => void>();
  RED.events.on('flows:started', () => {
    for (const begin of waiting) begin();
    waiting.clear();
  });

  function DeviceSimulator(this: SimulatorNode, def: SimulatorDef): void {
    RED.nodes.createNode(this, def);
    let built: ReturnType<typeof build>;
    const topic = `surewire-device-simulator/${this.id}`;
    const status = throttledStatus((shown) => this.status(shown), systemClock);
    let text: StatusText | undefined;
    let running = false;
    let problem: string | undefined;
    const show = (): void => {
      const now = built?.simulator.running ?? false;
      if (now) problem = undefined;
      status.update(() =>
        problem === undefined
          ? (text?.render(systemClock.monotonic()) ?? {})
          : { fill: 'red', shape: 'ring', text: problem },
      );
      if (now !== running) RED.comms.publish(topic, { running: now }, true);
      running = now;
    };
    try {
      built = build(this, def, show, (error) => {
        problem = error.message;
        this.error(problem);
        show();
      });
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: (error as Error).message });
      // Without a listener a message would vanish, and whoever follows it wait for ever.
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }
    const { simulator, settings } = built;
    this.simulator = simulator;
    text = new StatusText(simulator, systemClock.monotonic());
    const ticker = setInterval(() => {
      if (simulator.busy) show();
    }, TICK_MS);
    // A message sent earlier, to a node that is not there yet, would vanish.
    const begin = (): void => simulator.start();
    if (settings.autostart) waiting.add(begin);

    this.on('input', (msg: InputMessage, send, done) => {
      const id = msg.event?.id;
      if (typeof id === 'string') {
        simulator.processed(id);
        done();
        return;
      }
      try {
        if (msg.faults !== undefined) simulator.setFaults(msg.faults);
      } catch (error) {
        done(error as Error);
        return;
      }
      if (msg.payload === 'start') simulator.start();
      else if (msg.payload === 'stop') simulator.stop();
      else if (msg.payload === 'reset') simulator.reset();
      else if (msg.payload === 'report') send([null, { ...msg, payload: simulator.report() }]);
      done();
    });

    this.on('close', () => {
      waiting.delete(begin);
      clearInterval(ticker);
      simulator.close();
      status.close();
      if (running) RED.comms.publish(topic, { running: false }, true);
    });
  }

  RED.nodes.registerType('surewire-device-simulator', DeviceSimulator);

  // The button on the node, and the report for whoever watches from outside. Registered once a module, not once a node.
  const path = '/surewire-device-simulator/:id';
  RED.httpAdmin.post(`${path}/:command`, RED.auth.needsPermission(`${PERMISSION}.write`), (request, response) => {
    const simulator = find(request.params.id, response);
    const { command } = request.params;
    if (!simulator) return;
    if (command === 'start') simulator.start();
    else if (command === 'stop') simulator.stop();
    else {
      response.sendStatus(400);
      return;
    }
    response.json({ running: simulator.running });
  });
  RED.httpAdmin.get(path, RED.auth.needsPermission(`${PERMISSION}.read`), (request, response) => {
    const simulator = find(request.params.id, response);
    if (!simulator) return;
    response.json({ running: simulator.running, busy: simulator.busy, report: simulator.report() });
  });

  /** The simulator of a node; answers 404 where there is none, 409 where its configuration is wrong. */
  function find(id: unknown, response: Response): Simulator | undefined {
    const node = RED.nodes.getNode(String(id)) as SimulatorNode | null;
    if (node?.type !== 'surewire-device-simulator') response.sendStatus(404);
    else if (!node.simulator) response.sendStatus(409);
    else return node.simulator;
    return undefined;
  }
}
