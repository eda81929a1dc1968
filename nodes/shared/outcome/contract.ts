import type { Cancel } from '../clock';

/** How a message fared in the flow behind a node. */
export type Outcome =
  | { kind: 'success' }
  | {
      kind: 'failure';
      /** What went wrong, for people. */
      error: string;
      /** Id of the node that failed. */
      node?: string;
      /** An HTTP status, where an `http request` answered with one or the error carried it. */
      statusCode?: number;
      /** What Retry-After asked for, milliseconds from now. */
      retryAfterMs?: number;
    }
  /** Nothing was heard in time: the flow is still at work, or a node does not report. */
  | { kind: 'timeout' };

export interface TrackOptions {
  /** Ids of the nodes whose completion alone decides (as in core Catch); null or empty = whole flow behind the node. */
  scope?: readonly string[] | null;
  /** How long success waits where a node wired onward completed without having sent. Default 150. */
  settleMs?: number;
  /** Gives up with `timeout` after this long; 0 or absent = never. */
  timeoutMs?: number;
  /** An `http request` whose answer is not a number or >= 400 is a failure although core reports none. Default true. */
  httpErrors?: boolean;
  /** Called exactly once, unless the tracking is cancelled first. */
  onOutcome(outcome: Outcome): void;
  /** Called when the way has come to an end without failure and success now only waits for `settleMs`. */
  onSettling?(): void;
  /** Called at most once per node that received the message and never reports completion (`_expectedDoneCount === 0`). */
  onSilent?(node: { id: string; type: string; name?: string }): void;
}

/** Follows messages through `RED.hooks`; one instance per Node-RED, shared by retry, dedupe and webhook in. */
export interface OutcomeTracker {
  /** False where the runtime has no hooks: only timeouts are then heard. */
  readonly available: boolean;
  /**
   * Marks `msg` (before it is sent, by the node that sends it) with a tracking tag of its own and follows every copy of it.
   * `nodeId` is the sending node; `wired` whether that output has a wire (if it has and nothing is delivered, that is a failure;
   * if it has none, success at once). Tracking covers messages sent synchronously after this call and all that follows from them.
   */
  track(msg: object, nodeId: string, wired: boolean, options: TrackOptions): Cancel;
  /**
   * Tells whoever tracks `msg` from further up how it fared, for a node that learnt it by a tracking of its own (a nested tracker).
   * The node calls this before `done()`, so that a failure which Catch nodes have already seen is not raised a second time.
   */
  report(msg: object, outcome: Outcome): void;
  /**
   * Says that `node` (a runtime node) keeps what it has received when it is deployed anew, and that whoever replaces it will complete
   * or report it: stopping the node is then no failure of those messages.
   */
  keeps(node: object): void;
}
