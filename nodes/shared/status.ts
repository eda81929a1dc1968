import type { NodeStatus } from 'node-red';
import type { Cancel, Clock } from './clock';

/** At most two status updates a second leave a node, so that the editor's socket is not flooded under load. */
const QUIET_MS = 500;

/**
 * Shows a node's status no more often than twice a second; the last one asked for always arrives.
 * @param show the node's `status`
 * @returns `update`, to be called as often as wanted with a function that renders the status when it is due, and `close`, after
 * which nothing is shown any more: whoever replaced the node has its place in the editor
 */
export function throttledStatus(show: (status: NodeStatus) => void, clock: Clock) {
  let render: (() => NodeStatus) | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let cancel: Cancel | undefined;
  let closed = false;
  const flush = (): void => {
    cancel = undefined;
    if (!render) return;
    last = clock.monotonic();
    const status = render();
    render = undefined;
    show(status);
  };
  return {
    update(next: () => NodeStatus): void {
      if (closed) return;
      render = next;
      if (cancel) return;
      const wait = last + QUIET_MS - clock.monotonic();
      if (wait <= 0) flush();
      else cancel = clock.after(wait, flush);
    },
    close(): void {
      closed = true;
      cancel?.();
    },
  };
}
