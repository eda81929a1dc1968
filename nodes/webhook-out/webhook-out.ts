import { randomUUID } from 'node:crypto';
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { systemClock } from '../shared/clock';
import { throttledStatus } from '../shared/status';
import type { WebhookAuthNode } from '../webhook-auth/contract';
import { Agents, type TlsOptions } from './agents';
import { type RawConfig, readConfig } from './config';
import { type Answer, Deliverer, type DelivererParts } from './deliver';
import { DeliveryError } from './delivery-error';
import { type EventMessage, eventId } from './event-id';
import { type ProxyConfig, type ProxyOptions, proxyFor } from './proxy';
import { outStatus } from './status';

interface WebhookOutDef extends NodeDef, RawConfig {
  auth?: string;
  tls?: string;
  proxy?: string;
}

type OutMessage = NodeMessageInFlow &
  EventMessage & { headers?: unknown; url?: unknown; statusCode?: unknown; retryAfter?: unknown };

interface TlsNode extends Node {
  valid: boolean;
  addTLSOptions(options: TlsOptions): TlsOptions;
}

interface ProxyNode extends Node<{ username?: string; password?: string }> {
  url?: string;
  noproxy?: string[];
}

export default function webhookOut(RED: NodeAPI): void {
  /** A config node named by a field: undefined where the field is blank. @throws Error where it names none that is there */
  function configured<T extends Node>(field: string, id: string | undefined, type: string): T | undefined {
    if (!id) return undefined;
    const found = RED.nodes.getNode(id) as T | null;
    if (found?.type === type) return found;
    throw new Error(`${field}: expected a ${type} node, it is missing or disabled`);
  }

  function tlsOptions(id: string | undefined): TlsOptions | undefined {
    const node = configured<TlsNode>('tls', id, 'tls-config');
    if (!node) return undefined;
    if (!node.valid) throw new Error('tls: expected a valid TLS configuration; see its own error in the log');
    return node.addTLSOptions({});
  }

  function proxyChoice(id: string | undefined): DelivererParts['proxy'] {
    const node = configured<ProxyNode>('proxy', id, 'http proxy');
    const config: ProxyConfig | undefined = node && {
      url: node.url ?? '',
      noproxy: node.noproxy ?? [],
      ...node.credentials,
    };
    const options = (RED.settings as { proxyOptions?: ProxyOptions }).proxyOptions;
    return (url) => proxyFor(url, config, process.env, options);
  }

  function parts(def: WebhookOutDef): DelivererParts {
    const config = readConfig(def);
    const auth = configured<WebhookAuthNode>('auth', def.auth, 'surewire-webhook-auth');
    if (auth?.problem) throw new Error(`auth: ${auth.problem}`);
    return {
      config,
      signer: auth?.signer,
      agents: new Agents(tlsOptions(def.tls)),
      proxy: proxyChoice(def.proxy),
      clock: systemClock,
    };
  }

  function WebhookOut(this: Node, def: WebhookOutDef): void {
    RED.nodes.createNode(this, def);
    let deliverer: Deliverer;
    try {
      deliverer = new Deliverer(parts(def));
    } catch (error) {
      const problem = (error as Error).message;
      this.error(problem);
      this.status({ fill: 'red', shape: 'ring', text: problem });
      this.on('input', (_msg, _send, done) => done(new DeliveryError('MISCONFIGURED', problem)));
      return;
    }

    const status = throttledStatus((shown) => this.status(shown), systemClock);
    let inFlight = 0;
    let last: string | undefined;
    let failed = false;
    let closed = false;
    const show = (change: number, result?: { last: string; failed: boolean }): void => {
      inFlight += change;
      if (closed) return;
      if (result) ({ last, failed } = result);
      status.update(() => outStatus(inFlight, last, failed));
    };

    this.on('input', (input, send, done) => {
      const msg = input as OutMessage;
      const id = eventId(msg, randomUUID);
      show(1);
      const delivered = (answer: Answer): void => {
        show(-1, { last: String(answer.statusCode), failed: false });
        delete msg.retryAfter;
        send(Object.assign(msg, answer));
        done();
      };
      const refused = (error: DeliveryError): void => {
        show(-1, { last: String(error.statusCode ?? error.code), failed: true });
        // Core hands a Catch node only code, message and cause of an error; on the message every node can see them.
        delete msg.statusCode;
        delete msg.retryAfter;
        if (error.statusCode !== undefined) msg.statusCode = error.statusCode;
        if (error.retryAfter !== undefined) msg.retryAfter = error.retryAfter;
        done(error);
      };
      deliverer
        .deliver({ id, payload: msg.payload, headers: msg.headers, url: msg.url })
        .then(delivered, refused)
        .catch(done);
    });

    this.on('close', () => {
      closed = true;
      deliverer.close();
      status.close();
      this.status({});
    });
  }

  RED.nodes.registerType('surewire-webhook-out', WebhookOut);
}
