import type { NodeStatus } from 'node-red';
import type { EngineCounts } from './engine-parts';

/** Texts of the node's catalogue below `retry.status`. */
export type Say = (key: string, values?: Record<string, string | number>) => string;

/** What the node shows: how many wait, are under way and were given up, and what stands in the way of sending. */
export function statusOf(counts: EngineCounts, silent: readonly string[], say: Say): NodeStatus {
  const { waiting, inFlight, dead, breaker, paused } = counts;
  const parts: string[] = [];
  if (paused) parts.push(say('paused'));
  if (breaker !== 'closed') parts.push(say(breaker));
  if (waiting > 0) parts.push(say('waiting', { count: waiting }));
  if (inFlight > 0) parts.push(say('inFlight', { count: inFlight }));
  if (dead > 0) parts.push(say('gaveUp', { count: dead }));
  if (parts.length === 0) parts.push(say('idle'));
  if (silent.length > 0) parts.push(say('silent', { nodes: silent.join(', ') }));
  const text = parts.join(' · ');
  if (paused) return { fill: 'grey', shape: 'ring', text };
  if (breaker !== 'closed') return { fill: 'red', shape: 'ring', text };
  if (waiting > 0) return { fill: 'yellow', shape: 'ring', text };
  if (inFlight > 0) return { fill: 'blue', shape: 'dot', text };
  return { fill: 'green', shape: 'dot', text };
}
