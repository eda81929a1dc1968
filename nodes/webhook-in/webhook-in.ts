import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { serveDeadLetters } from '../event-store/dead-letter-routes';
import { storeFor } from '../event-store/store-for';
import { dueClock, systemClock } from '../shared/clock';
import { acquireTracker } from '../shared/outcome';
import { throttledStatus } from '../shared/status';
import type { WebhookAuthNode } from '../webhook-auth/contract';
import { answer, answerRefusal } from './answer';
import { ArrivingBodies } from './arriving';
import type { Claim } from './claims';
import { Counter } from './counters';
import { openDoor } from './door';
import { dress, type ExpressApp } from './express-response';
import { FlowAnswers } from './flow-answers';
import { flowRequest } from './flow-request';
import type { Arrival, Handler } from './front-door';
import { type EventMessage, messagesOf, type WebhookInfo } from './message';
import type { WebhookInOptions } from './options';
import { rateLimit } from './rate-limit';
import { type Refusal, refuse, withStatus } from './refusal';
import { refusalGate } from './refusal-port';
import { setUp } from './setup';
import { FLOW_TIMEOUT_MS } from './stored-delivery';
import { StoredEvents } from './stored-events';
import { type Gate, type Passed, walk } from './walk';

/** Longest reason shown in a status, characters. */
const STATUS_LENGTH = 80;
const JSON_TYPE = { 'Content-Type': 'application/json' };

interface WebhookInDef extends NodeDef {
  auth?: string;
  store?: string;
}

export default function (RED: NodeAPI): void {
  const clock = systemClock;
  const entrance = openDoor(RED, clock);
  const arriving = new ArrivingBodies();
  const queues = new Map<string, StoredEvents>();
  if (typeof RED.httpAdmin === 'function') {
    serveDeadLetters(
      'webhook-in',
      RED.httpAdmin,
      (permission) => RED.auth.needsPermission(permission),
      (id) => queues.get(id),
    );
    // The editor's forms check a schema with the compiler that will run it.
    RED.httpAdmin.post('/surewire/webhook-in/schema', RED.auth.needsPermission('flows.write'), (req, res) => {
      try {
        // Loaded on first use: it brings ajv.
        const { compileSchema } = require('./schema') as typeof import('./schema');
        const { schema } = req.body as { schema?: unknown };
        compileSchema(typeof schema === 'string' ? schema : '');
        res.json({});
      } catch (error) {
        res.json({ error: error instanceof Error ? error.message : String(error) });
      }
    });
  }

  /** The node that a field names; undefined where it is missing, disabled or of another type. */
  function referred(id: string | undefined, type: string): Node | undefined {
    const found = RED.nodes.getNode(id ?? '') as Node | null;
    return found?.type === type ? found : undefined;
  }

  /** The checked configuration, or the sentence that says why there is no path to hold. */
  function configure(config: WebhookInDef) {
    try {
      const auth = referred(config.auth, 'surewire-webhook-auth') as WebhookAuthNode | undefined;
      const hasStore = referred(config.store, 'surewire-event-store') !== undefined;
      return { auth, ...setUp(config, { auth, hasStore, say: (key) => RED._(`webhook-in.error.${key}`) }) };
    } catch (error) {
      return { unusable: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A status has room for what is wrong; what to do about it is in the log. */
  const misconfigured = (problem: string): string =>
    RED._('webhook-in.status.misconfigured', { why: (problem.split(';', 1)[0] as string).slice(0, STATUS_LENGTH) });

  function WebhookIn(this: Node, config: WebhookInDef): void {
    RED.nodes.createNode(this, config);
    const fail = (text: string, detail: string): void => {
      this.status({ fill: 'red', shape: 'ring', text });
      this.error(detail);
    };
    if (!entrance) return fail(RED._('webhook-in.status.no-http'), RED._('webhook-in.error.no-http'));
    const setup = configure(config);
    if ('unusable' in setup) return fail(misconfigured(setup.unusable), setup.unusable);

    const { options, auth, content, problem } = setup;
    const { statuses } = options;
    const accepted = new Counter(clock);
    const refused = new Counter(clock);
    const status = throttledStatus(
      (next) => this.status(next),
      clock,
      () => accepted.lastMinute > 0,
    );
    const mayReport = refusalGate(clock);
    const tracking = options.answer === 'accepted' ? undefined : acquireTracker(RED, clock);
    const wired = ((config as unknown as { wires?: string[][] }).wires?.[0]?.length ?? 0) > 0;
    const storeUse = options.answer === 'stored' && config.store ? storeFor(RED, config.store) : undefined;
    let storeProblem = storeUse?.store.problem;
    let rival: ReturnType<typeof rivalOf>;

    const show = (): void =>
      status.update(() => {
        if (problem) return { fill: 'red', shape: 'ring', text: misconfigured(problem) };
        if (storeProblem) return { fill: 'red', shape: 'ring', text: storeProblem };
        const text = RED._(stored ? 'webhook-in.status.stored' : 'webhook-in.status.counts', {
          accepted: accepted.total,
          refused: refused.total,
          minute: accepted.lastMinute,
          waiting: stored?.waiting ?? 0,
          working: stored?.atWork ?? 0,
        });
        const warning = rival ?? (storeUse && !storeUse.store.durable ? 'not-durable' : undefined);
        if (warning)
          return { fill: 'yellow', shape: 'dot', text: `${RED._(`webhook-in.status.${warning}`)} - ${text}` };
        return { fill: 'green', shape: 'dot', text };
      });

    /** A message that cannot be cloned or routed must not end Node-RED. */
    const send = (messages: [unknown, unknown]): void => {
      try {
        this.send(messages as never);
      } catch (error) {
        this.error(error instanceof Error ? error.message : String(error));
      }
    };
    const report = (refusal: Pick<Refusal, 'reason' | 'status' | 'detail'>, rest: object): void => {
      refused.add();
      show();
      const suppressed = mayReport();
      if (suppressed === undefined) return;
      const { reason, status: code, detail } = refusal;
      send([null, { ...rest, payload: { reason, status: code, detail, ...(suppressed > 0 && { suppressed }) } }]);
    };
    const refuseRequest = (arrival: Arrival, refusal: Refusal, webhook: WebhookInfo, gone = false): void => {
      const answered = withStatus(refusal, statuses);
      if (!gone) answerRefusal(arrival.req, arrival.res, answered, clock, options.readTimeoutMs);
      report(answered, { webhook });
    };
    const answerAccepted = ({ arrival, events }: Passed): void => {
      accepted.add(events.length);
      show();
      answer(arrival.res, options.answerStatus, JSON_TYPE, `{"accepted":${events.length}}`);
    };

    const answers = new FlowAnswers(clock, options.answerTimeoutMs);
    const stored = storeUse
      ? new StoredEvents(storeUse.store, `webhook-in:${this.id}`, options, dueClock, {
          flowing: () => entrance.door.open === true,
          changed: show,
          deliver: (message, settled) => {
            const copy = RED.util.cloneMessage(message as unknown as NodeMessage);
            const cancel = tracking?.tracker.track(copy, this.id, wired, {
              timeoutMs: FLOW_TIMEOUT_MS,
              onOutcome: settled,
            });
            send([copy, null]);
            return cancel ?? (() => undefined);
          },
          gaveUp: (message, detail) => report(refuse('gave-up', detail), message),
        })
      : undefined;
    if (stored) queues.set(this.id, stored);
    const stopWatching = storeUse?.store.onProblem((next) => {
      storeProblem = next;
      show();
    });

    /** What happens to a request that passed, by how senders are answered. */
    const modes: Record<WebhookInOptions['answer'], (passed: Passed, messages: EventMessage[]) => void> = {
      accepted: (passed, messages) => {
        answerAccepted(passed);
        send([messages, null]);
      },
      flow: (passed, messages) => {
        if (messages.length === 0) return answerAccepted(passed);
        accepted.add(messages.length);
        show();
        const { arrival, webhook } = passed;
        dress(arrival.req, arrival.res, RED.httpNode as unknown as ExpressApp);
        const waiting = answers.wait(arrival.res, (refusal) => refuseRequest(arrival, refusal, webhook));
        const req = flowRequest(arrival, webhook, passed.events);
        for (const message of messages) {
          const sent = { ...message, req, res: waiting.res };
          const forget = tracking?.tracker.track(sent, this.id, wired, {
            onOutcome: (outcome) => {
              if (outcome.kind === 'failure') waiting.fail();
            },
          });
          // A flow that never ends with a message must not be followed for ever.
          if (forget) waiting.whenSettled(forget);
          send([sent, null]);
        }
      },
      stored: (passed, messages) => {
        const { arrival, webhook } = passed;
        const full = stored?.room(messages.length);
        if (full) return refuseRequest(arrival, full, webhook);
        void stored?.accept(messages).then((refusal) => {
          if (refusal) refuseRequest(arrival, refusal, webhook);
          else answerAccepted(passed);
        });
      },
    };

    const gate: Gate = {
      options,
      verifier: auth?.verifier,
      problem,
      content,
      limit: options.rateLimit > 0 ? rateLimit(options.rateLimit, options.rateBurst, clock) : undefined,
      arriving,
      clock,
    };
    const handler: Handler = (arrival) =>
      walk(gate, arrival, {
        passed: (passed) => {
          // The flows may have been replaced while the body was on its way.
          const away = entrance.door.away(claim);
          if (away) return refuseRequest(arrival, away, passed.webhook);
          modes[options.answer](
            passed,
            messagesOf(passed.events, passed.webhook, passed.batch, () => RED.util.generateId()),
          );
        },
        refused: refuseRequest,
        greeted: show,
      });

    const claim: Claim<Handler> = {
      nodeId: this.id,
      pattern: options.pattern,
      methods: options.methods,
      handler,
      statuses,
      closing: false,
    };
    // While the flows are still starting, so that senders are asked to wait instead of finding nothing.
    let held = entrance.door.claim(claim) === undefined;
    const started = (): void => {
      const holder = held ? undefined : entrance.door.claim(claim);
      if (holder !== undefined) {
        const other = RED.nodes.getNode(holder)?.name || holder;
        return fail(
          RED._('webhook-in.status.path-held', { node: other }),
          RED._('webhook-in.error.path-held', { path: options.pattern.text, node: other }),
        );
      }
      held = true;
      stored?.start();
      if (problem) return fail(misconfigured(problem), problem);
      rival = rivalOf(options, entrance.door);
      show();
      if (rival) this.warn(RED._(`webhook-in.error.${rival}`, { path: options.pattern.text }));
    };
    const stopListening = entrance.onStarted(started);
    const freeHeaders = entrance.boundHeaders(options.readTimeoutMs);

    this.on('close', (done: () => void) => {
      claim.closing = true;
      if (queues.get(this.id) === stored) queues.delete(this.id);
      stopListening();
      stopWatching?.();
      freeHeaders();
      answers.close();
      status.close();
      void (async () => {
        await stored?.close();
        await storeUse?.close();
        tracking?.release();
        done();
      })();
    });
  }

  RED.nodes.registerType('surewire-webhook-in', WebhookIn);
}

/** Who else has the node's path: the admin API (which keeps it), or another node's route (which this node goes before). */
function rivalOf(
  options: WebhookInOptions,
  door: NonNullable<ReturnType<typeof openDoor>>['door'],
): 'admin-path' | 'shared-path' | undefined {
  const { text } = options.pattern;
  for (const method of options.methods) {
    if (door.adminHolds(method, door.fullPath(text))) return 'admin-path';
    if (door.othersHold(method, text)) return 'shared-path';
  }
  return undefined;
}
