import type { FlowNode } from './node-red';

/** Config nodes here have no name: one whose name equals its id stops all flows. A webhook auth that anyone passes; tests that are not about credentials use it. */
export const openAuth: FlowNode = { id: 'open', type: 'surewire-webhook-auth', scheme: 'none' };

/** A webhook auth with a token in the default header. Its id is not `token`: Node-RED takes a property that equals a config node's id for a use of it. */
export const tokenAuth = (secret: string, more: Record<string, unknown> = {}): FlowNode => ({
  id: 'with-token',
  type: 'surewire-webhook-auth',
  scheme: 'token',
  credentials: { secret },
  ...more,
});

/** A webhook in whose outputs go to the probes `in` and `refused`. */
export const webhookIn = (more: Record<string, unknown> = {}): FlowNode[] => {
  const id = typeof more.id === 'string' ? more.id : 'hook';
  const suffix = id === 'hook' ? '' : `-${id}`;
  return [
    {
      id,
      type: 'surewire-webhook-in',
      path: '/hooks/door',
      auth: 'open',
      wires: [[`in${suffix}`], [`refused${suffix}`]],
      ...more,
    },
    { id: `in${suffix}`, type: 'test-probe', name: `in${suffix}`, wires: [[]] },
    { id: `refused${suffix}`, type: 'test-probe', name: `refused${suffix}`, wires: [[]] },
  ];
};

/**
 * Puts a prefix before every id that `value` mentions - as an id, in wires, scopes, links, in the type of a subflow - so that copies
 * of a flow live side by side. A string that starts with @ stands for an id, too.
 */
export function prefixed<T>(prefix: string, value: T, ids: ReadonlySet<string>): T {
  const put = (item: unknown, key?: string): unknown => {
    if (typeof item === 'string') {
      if (key === 'type') return item.replace(/^subflow:/, `subflow:${prefix}`);
      if (item.startsWith('@')) return `${prefix}${item.slice(1)}`;
      return ids.has(item) ? `${prefix}${item}` : item;
    }
    if (Array.isArray(item)) return item.map((inner) => put(inner));
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, put(inner, name)]));
  };
  return put(value) as T;
}
