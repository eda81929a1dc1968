import type { NodeStatus } from 'node-red';

export interface DedupeState {
  first: number;
  duplicates: number;
  /** Messages a flow is working on. */
  atWork: number;
  /** Messages that passed or failed without a key. */
  keyless: number;
  evicted: number;
  /** What is wrong with the store. */
  trouble: string | undefined;
  /** Why `confirm: success` is worth less here: nobody sends again, or the runtime has no hooks. */
  caveat: 'nobody' | 'deaf' | undefined;
}

/** What the node says of itself. @param say a text of the catalogue, below `status` */
export function summary(state: DedupeState, say: (key: string, values?: Record<string, number>) => string): NodeStatus {
  const { first, duplicates, atWork, keyless, evicted, trouble, caveat } = state;
  if (trouble) return { fill: 'red', shape: 'ring', text: trouble };
  const parts = [say('first', { first }), say(duplicates === 1 ? 'duplicate' : 'duplicates', { duplicates })];
  if (atWork > 0) parts.push(say('atWork', { atWork }));
  if (keyless > 0) parts.push(say('keyless', { keyless }));
  if (evicted > 0) parts.push(say('evicted', { evicted }));
  if (caveat) parts.push(say(caveat));
  const text = parts.join(', ');
  return evicted > 0 || caveat ? { fill: 'yellow', shape: 'ring', text } : { fill: 'green', shape: 'dot', text };
}
