import type { Node, NodeAPI, NodeDef } from 'node-red';
import { systemClock } from '../shared/clock';
import { throttledStatus } from '../shared/status';
import type { WebhookAuthNode } from '../webhook-auth/contract';
import { answer, answerRefusal } from './answer';
import type { Claim } from './claims';
import { Counter } from './counters';
import { openDoor } from './door';
import { compileContent } from './events';
import { FlowAnswers } from './flow-answers';
import type { Arrival, Handler } from './front-door';
import { messagesOf, type WebhookInfo } from './message';
import { readOptions, type WebhookInOptions } from './options';
import { rateLimit } from './rate-limit';
import { parseStatuses, type Refusal, withStatus } from './refusal';
import { refusalGate } from './refusal-port';
import { type Gate, type Passed, walk } from './walk';

/** Without an auth every request is refused, so nothing of a scheme is needed. */
const NO_AUTH = { identity: {}, secretQuery: [] };

interface WebhookInDef extends NodeDef {
  auth?: string;
  store?: string;
}

export default function (RED: NodeAPI): void {
  const clock = systemClock;
  const entrance = openDoor(RED, clock);
  if (typeof RED.httpAdmin === 'function') {
    // The editor's forms check a schema with the compiler that will run it.
    RED.httpAdmin.post('/surewire/webhook-in/schema', RED.auth.needsPermission('flows.write'), (req, res) => {
      try {
        // Loaded on first use: it brings ajv.
        const { compileSchema } = require('./schema') as typeof import('./schema');
        compileSchema(String((req.body as { schema?: unknown }).schema ?? ''));
        res.json({});
      } catch (error) {
        res.json({ error: error instanceof Error ? error.message : String(error) });
      }
    });
  }

  /** The checked configuration, or the sentence that says what is wrong with it. */
  function configure(config: WebhookInDef) {
    try {
      const options = readOptions(config);
      const auth = RED.nodes.getNode(config.auth ?? '') as WebhookAuthNode | null;
      return { options, auth, statuses: parseStatuses(options.statuses), content: compileContent(options, auth?.verifier ?? NO_AUTH) };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  function WebhookIn(this: Node, config: WebhookInDef): void {
    RED.nodes.createNode(this, config);
    const node = this;
    const status = throttledStatus((next) => node.status(next), clock);
    const fail = (text: string, detail: string): void => {
      node.status({ fill: 'red', shape: 'ring', text });
      node.error(detail);
    };
    if (!entrance) return fail(RED._('webhook-in.status.no-http'), RED._('webhook-in.error.no-http'));
    const setup = configure(config);
    if ('problem' in setup) return fail(RED._('webhook-in.status.misconfigured'), setup.problem as string);

    const { options, auth, content } = setup;
    const authProblem = auth ? auth.problem : RED._('webhook-in.error.no-auth');
    const accepted = new Counter(clock);
    const refused = new Counter(clock);
    const gateOut2 = refusalGate(clock);
    const answers = new FlowAnswers(clock, options.answerTimeoutMs);

    const gate: Gate = {
      options,
      verifier: auth?.verifier,
      problem: authProblem,
      content,
      limit: options.rateLimit > 0 ? rateLimit(options.rateLimit, options.rateBurst, clock) : undefined,
      clock,
    };

    const show = (): void =>
      status.update(() => ({
        fill: authProblem ? 'red' : 'green',
        shape: authProblem ? 'ring' : 'dot',
        text: authProblem
          ? RED._('webhook-in.status.misconfigured')
          : RED._('webhook-in.status.counts', { accepted: accepted.total, refused: refused.total, minute: accepted.lastMinute }),
      }));

    /** A message that cannot be cloned or routed must not end Node-RED. */
    const send = (messages: [unknown, unknown]): void => {
      try {
        node.send(messages as never);
      } catch (error) {
        node.error(error instanceof Error ? error.message : String(error));
      }
    };

    const refuseRequest = (arrival: Arrival, refusal: Refusal, webhook: WebhookInfo, gone = false): void => {
      const answered = withStatus(refusal, setup.statuses);
      if (!gone) answerRefusal(arrival.req, arrival.res, answered, clock, options.readTimeoutMs);
      refused.add();
      show();
      const suppressed = gateOut2();
      if (suppressed === undefined) return;
      const { reason, status: code, detail } = answered;
      send([null, { payload: { reason, status: code, detail, ...(suppressed > 0 && { suppressed }) }, webhook }]);
    };

    const pass = ({ arrival, webhook, events: found, batch }: Passed): void => {
      const messages = messagesOf(found, webhook, batch, () => RED.util.generateId());
      accepted.add(found.length);
      show();
      if (options.answer === 'flow' && messages.length > 0) {
        const waiting = answers.wait(arrival.res, (refusal) => refuseRequest(arrival, refusal, webhook));
        const req = flowRequest(arrival, webhook, found);
        send([messages.map((message) => ({ ...message, req, res: waiting.res })), null]);
        return;
      }
      answer(arrival.res, options.answerStatus, { 'Content-Type': 'application/json' }, `{"accepted":${messages.length}}`);
      send([messages, null]);
    };

    const handler: Handler = (arrival) =>
      walk(gate, arrival, {
        passed: pass,
        refused: refuseRequest,
        greeted: show,
      });

    const claim: Claim<Handler> = { nodeId: node.id, pattern: options.pattern, methods: options.methods, handler, closing: false };
    let held = false;
    const takePath = (): void => {
      if (!held) {
        const holder = entrance.door.claim(claim);
        if (holder !== undefined) {
          const other = RED.nodes.getNode(holder)?.name || holder;
          return fail(RED._('webhook-in.status.path-held', { node: other }), RED._('webhook-in.error.path-held', { path: options.pattern.text, node: other }));
        }
        held = true;
      }
      const rival = rivalOf(options, entrance.door);
      if (rival) {
        node.status({ fill: 'yellow', shape: 'ring', text: RED._(`webhook-in.status.${rival}`) });
        node.warn(RED._(`webhook-in.error.${rival}`, { path: options.pattern.text }));
        return;
      }
      if (authProblem) return fail(RED._('webhook-in.status.misconfigured'), authProblem);
      show();
    };
    takeEarly();
    const stopListening = entrance.onStarted(takePath);
    const freeHeaders = entrance.boundHeaders(options.readTimeoutMs);

    /** Claims the path while the flows are still starting, so that senders are asked to wait instead of finding nothing. */
    function takeEarly(): void {
      held = entrance?.door.claim(claim) === undefined;
    }

    node.on('close', (done: () => void) => {
      claim.closing = true;
      stopListening();
      freeHeaders();
      answers.close();
      status.close();
      done();
    });
  }

  RED.nodes.registerType('surewire-webhook-in', WebhookIn);
}

/** Who else has the node's path: the admin API (which keeps it), or another node's route (which this node goes before). */
function rivalOf(options: WebhookInOptions, door: NonNullable<ReturnType<typeof openDoor>>['door']): 'admin-path' | 'shared-path' | undefined {
  const { text } = options.pattern;
  for (const method of options.methods) {
    if (door.adminHolds(method, door.fullPath(text))) return 'admin-path';
    if (door.othersHold(method, text)) return 'shared-path';
  }
  return undefined;
}

/** What a flow that answers may want to know of the request: as core's `msg.req`, but credentials are masked. */
function flowRequest(arrival: Arrival, webhook: WebhookInfo, events: Passed['events']) {
  return {
    method: webhook.method,
    url: webhook.path,
    originalUrl: webhook.path,
    path: webhook.path,
    params: webhook.params,
    query: webhook.query,
    headers: webhook.headers,
    ip: webhook.address,
    body: events.length === 1 ? events[0]?.payload : events.map(({ payload }) => payload),
    secure: (arrival.req.socket as { encrypted?: boolean }).encrypted === true,
  };
}
