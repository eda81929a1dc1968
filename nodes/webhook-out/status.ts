import type { NodeStatus } from 'node-red';

/**
 * The node's status: how many requests are under way and how the last one ended.
 * @param last a status or an error code; undefined before the first answer
 */
export function outStatus(inFlight: number, last: string | undefined, failed: boolean): NodeStatus {
  const texts = [...(last === undefined ? [] : [last]), ...(inFlight > 0 ? [`${inFlight} in flight`] : [])];
  if (texts.length === 0) return {};
  const fill = last === undefined ? 'blue' : failed ? 'red' : 'green';
  return { fill, shape: inFlight > 0 || failed ? 'ring' : 'dot', text: texts.join(', ') };
}
