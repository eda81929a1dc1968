import type { ServerResponse } from 'node:http';
import type { Cancel, Clock } from '../shared/clock';
import { answer } from './answer';
import { type Refusal, refuse } from './refusal';

const FLOW_FAILED = JSON.stringify({ type: 'about:blank', title: 'The flow failed', status: 500 });

/** A request that waits for the flow's answer. */
export interface Waiting {
  /** What goes into `msg.res` for a core `http response`. */
  readonly res: { _res: ServerResponse };
  /** Refuses the request unless it has been answered. */
  refuse(refusal: Refusal): void;
  /** The flow failed: 500 at once, so that the sender comes again, unless it has been answered. */
  fail(): void;
  /** Calls back once the request has been answered, or is gone; at once where it is already. */
  whenSettled(callback: () => void): void;
}

/**
 * Requests that the flow answers through a core `http response`. Each gets exactly one answer: the flow's first, or 504 at the
 * deadline, or 503 when the node closes. Whatever comes later finds a response that swallows it.
 */
export class FlowAnswers {
  readonly #waiting = new Set<Waiting>();

  constructor(
    readonly clock: Clock,
    readonly timeoutMs: number,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** @param onRefusal answers a request whose flow gave none; called at most once */
  wait(res: ServerResponse, onRefusal: (refusal: Refusal) => void): Waiting {
    let settled = false;
    let callbacks: (() => void)[] = [];
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      cancel();
      this.#waiting.delete(waiting);
      for (const callback of callbacks) callback();
      callbacks = [];
      return true;
    };
    const waiting: Waiting = {
      res: hidden(onceOnly(res, () => settled || res.headersSent)),
      refuse: (refusal) => {
        if (settle() && !res.headersSent) onRefusal(refusal);
      },
      fail: () => {
        if (settle()) answer(res, 500, { 'Content-Type': 'application/problem+json' }, FLOW_FAILED);
      },
      whenSettled: (callback) => {
        if (settled) callback();
        else callbacks.push(callback);
      },
    };
    const cancel: Cancel = this.clock.after(this.timeoutMs, () =>
      waiting.refuse(refuse('answer-timeout', `the flow sent no answer within ${this.timeoutMs / 1000} s`)),
    );
    this.#waiting.add(waiting);
    res.once('close', settle);
    return waiting;
  }

  close(): void {
    for (const waiting of Array.from(this.#waiting))
      waiting.refuse(refuse('redeploying', 'the node was closed while the flow was at work'));
  }
}

/** `msg.res`: a node that prints the message does not come upon the response, behind which the request with its credentials is. */
function hidden(response: ServerResponse): Waiting['res'] {
  return Object.defineProperty({} as Waiting['res'], '_res', { value: response });
}

/** The response as the flow sees it: once `over` says so, its methods do nothing, so that a late or second answer is harmless. */
function onceOnly(res: ServerResponse, over: () => boolean): ServerResponse {
  const silent: ServerResponse = new Proxy(res, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (over()) return silent;
        const result: unknown = value.apply(target, args);
        return result === target ? silent : result;
      };
    },
  });
  return silent;
}
