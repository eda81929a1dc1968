import type { Node, NodeAPI, NodeDef, NodeMessage, NodeStatus } from 'node-red';
import { storeFor } from '../event-store/store-for';
import { dueClock, systemClock } from '../shared/clock';
import { acquireTracker } from '../shared/outcome';
import { throttledStatus } from '../shared/status';
import type { WebhookAuthNode } from '../webhook-auth/contract';
import { serveAdmin } from './admin-routes';
import { ArrivingBodies } from './arriving';
import type { Claim } from './claims';
import { Desk } from './desk';
import { openDoor, rivalOf } from './door';
import type { ExpressApp } from './express-response';
import { FlowAnswers } from './flow-answers';
import type { Handler } from './front-door';
import { answeredAtOnce, answeredByFlow, answeredOnceStored, type Follow, type SendEvents } from './hand-on';
import { messagesOf } from './message';
import { rateLimit } from './rate-limit';
import { refuse } from './refusal';
import { setUp } from './setup';
import { FLOW_TIMEOUT_MS } from './stored-delivery';
import { StoredEvents } from './stored-events';
import { type Gate, walk } from './walk';

/** Longest reason shown in a status, characters. */
const STATUS_LENGTH = 80;

interface WebhookInDef extends NodeDef {
  auth?: string;
  store?: string;
}

export default function (RED: NodeAPI): void {
  const clock = systemClock;
  const entrance = openDoor(RED, clock);
  const arriving = new ArrivingBodies();
  const queues = new Map<string, StoredEvents>();
  serveAdmin(RED, (id) => queues.get(id));

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
    const status = throttledStatus(
      (next) => this.status(next),
      clock,
      () => desk.accepted.lastMinute > 0,
    );
    const tracking = options.answer === 'accepted' ? undefined : acquireTracker(RED, clock);
    const wired = ((config as unknown as { wires?: string[][] }).wires?.[0]?.length ?? 0) > 0;
    const storeUse = options.answer === 'stored' && config.store ? storeFor(RED, config.store, this.id) : undefined;
    let storeProblem = storeUse?.store.problem;
    let rival: ReturnType<typeof rivalOf>;

    const summary = (): NodeStatus => {
      if (problem) return { fill: 'red', shape: 'ring', text: misconfigured(problem) };
      if (storeProblem) return { fill: 'red', shape: 'ring', text: storeProblem };
      const text = RED._(stored ? 'webhook-in.status.stored' : 'webhook-in.status.counts', {
        accepted: desk.accepted.total,
        refused: desk.refused.total,
        minute: desk.accepted.lastMinute,
        waiting: stored?.waiting ?? 0,
        working: stored?.atWork ?? 0,
      });
      const warning = rival ?? (storeUse && !storeUse.store.durable ? 'not-durable' : undefined);
      if (warning) return { fill: 'yellow', shape: 'dot', text: `${RED._(`webhook-in.status.${warning}`)} - ${text}` };
      return { fill: 'green', shape: 'dot', text };
    };
    const show = (): void => status.update(summary);

    /** A message that cannot be cloned or routed must not end Node-RED. */
    const send = (messages: [unknown, unknown]): void => {
      try {
        this.send(messages as never);
      } catch (error) {
        this.error(error instanceof Error ? error.message : String(error));
      }
    };
    const sendEvents: SendEvents = (messages) => send([messages, null]);
    const follow: Follow = (message, onOutcome) =>
      tracking?.tracker.track(
        message,
        this.id,
        wired,
        stored ? { timeoutMs: FLOW_TIMEOUT_MS, onOutcome } : { onOutcome },
      );
    const desk = new Desk(options, clock, { report: (message) => send([null, message]), changed: show });
    const answers = new FlowAnswers(clock, options.answerTimeoutMs);
    const stored = storeUse
      ? new StoredEvents(storeUse.store, `webhook-in:${this.id}`, options, dueClock, {
          flowing: () => entrance.door.open === true,
          changed: show,
          deliver: (message, settled) => {
            const copy = RED.util.cloneMessage(message as unknown as NodeMessage);
            const cancel = follow(copy, settled);
            sendEvents(copy);
            return cancel ?? (() => undefined);
          },
          gaveUp: (message, detail) => desk.report(refuse('gave-up', detail), message),
        })
      : undefined;
    if (stored) queues.set(this.id, stored);
    const stopWatching = storeUse?.store.onProblem((next) => {
      storeProblem = next;
      show();
    });

    const gate: Gate = {
      options,
      verifier: auth?.verifier,
      problem,
      content,
      limits: { maxBody: options.maxBody, timeoutMs: options.readTimeoutMs, arriving },
      limit: options.rateLimit > 0 ? rateLimit(options.rateLimit, options.rateBurst, clock) : undefined,
      clock,
    };
    const handOn = stored
      ? answeredOnceStored(desk, stored)
      : options.answer === 'flow'
        ? answeredByFlow(desk, sendEvents, answers, follow, RED.httpNode as unknown as ExpressApp)
        : answeredAtOnce(desk, sendEvents);
    const handler: Handler = (arrival) =>
      walk(gate, arrival, {
        passed: (passed) => {
          // The flows may have been replaced while the body was on its way.
          const away = entrance.door.away(claim);
          if (away) return desk.refuse(arrival, away, passed.webhook);
          handOn(
            passed,
            messagesOf(passed.events, passed.webhook, passed.batch, () => RED.util.generateId()),
          );
        },
        refused: (refused, refusal, webhook, gone) => desk.refuse(refused, refusal, webhook, gone),
        greeted: show,
      });

    const claim: Claim<Handler> = {
      nodeId: this.id,
      pattern: options.pattern,
      methods: options.methods,
      handler,
      statuses: options.statuses,
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
