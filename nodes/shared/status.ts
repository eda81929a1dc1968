import type { NodeStatus } from 'node-red';
import type { Cancel, Clock } from './clock';

/** At most two status updates a second leave a node, so that the editor's socket is not flooded under load. */
const QUIET_MS = 500;
/** How often a status that goes out of date by itself (a rate) is shown anew. */
const REFRESH_MS = 10_000;

/**
 * Shows a node's status no more often than twice a second; the last one asked for always arrives.
 * @param show the node's `status`
 * @param ages whether what is shown goes out of date although nothing happens
 * @returns `update`, to be called as often as wanted with a function that renders the status when it is due, and `close`, after
 * which nothing is shown any more: whoever replaced the node has its place in the editor
 */
export function throttledStatus(show: (status: NodeStatus) => void, clock: Clock, ages: () => boolean = () => false) {
  let render: (() => NodeStatus) | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let cancel: Cancel | undefined;
  let cancelRefresh: Cancel | undefined;
  let closed = false;
  const flush = (): void => {
    cancel = undefined;
    if (!render) return;
    last = clock.monotonic();
    const shown = render;
    render = undefined;
    show(shown());
    cancelRefresh?.();
    cancelRefresh = ages() ? clock.after(REFRESH_MS, () => update(shown)) : undefined;
  };
  const update = (next: () => NodeStatus): void => {
    if (closed) return;
    render = next;
    if (cancel) return;
    const wait = last + QUIET_MS - clock.monotonic();
    if (wait <= 0) flush();
    else cancel = clock.after(wait, flush);
  };
  return {
    update,
    close(): void {
      closed = true;
      cancel?.();
      cancelRefresh?.();
    },
  };
}
