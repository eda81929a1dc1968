/** A node as the flow file has it. */
export interface FlowFileNode {
  id: string;
  type: string;
  d?: boolean;
  wires?: readonly (readonly string[])[];
  /** Of link nodes. */
  links?: readonly string[];
  /** Of webhook in. */
  answer?: string;
}

/** Through these a failed message comes again, whatever the webhook in answered. */
const SENDS_AGAIN = 'surewire-retry';

/**
 * Whether freeing a key after a failure is of no use here, because a webhook in upstream has told the sender 202 before the flow
 * ran, so that nobody sends the event again: `answer: accepted` and no retry node on the way there or right behind the dedupe node.
 */
export function nobodySendsAgain(nodes: readonly FlowFileNode[], dedupeId: string): boolean {
  const byId = new Map(nodes.filter((node) => !node.d).map((node) => [node.id, node]));
  const behind = (byId.get(dedupeId)?.wires?.[0] ?? []).map((id) => byId.get(id)?.type);
  if (behind.length > 0 && behind.every((type) => type === SENDS_AGAIN)) return false;
  const sources = new Map<string, FlowFileNode[]>();
  const join = (to: string, from: FlowFileNode): void => {
    const list = sources.get(to);
    if (list) list.push(from);
    else sources.set(to, [from]);
  };
  for (const node of byId.values()) {
    // Of webhook in only output 1 carries events.
    const ports = node.type === 'surewire-webhook-in' ? (node.wires ?? []).slice(0, 1) : (node.wires ?? []);
    for (const id of ports.flat()) join(id, node);
    if (node.type === 'link out' || node.type === 'link call') for (const id of node.links ?? []) join(id, node);
  }
  const seen = new Set([dedupeId]);
  const queue = [dedupeId];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const node of sources.get(id) ?? []) {
      if (node.type === 'surewire-webhook-in' && (node.answer ?? 'accepted') === 'accepted') return true;
      if (node.type === SENDS_AGAIN || seen.has(node.id)) continue;
      seen.add(node.id);
      queue.push(node.id);
    }
  }
  return false;
}
