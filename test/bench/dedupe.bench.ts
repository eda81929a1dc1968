import { type FlowNode, flow, startNodeRed } from '../support/node-red';
import { median } from './median';
import { rate } from './pump';
import type { Row } from './row';

const MESSAGES = 50_000;
const ROUNDS = 3;
const MANY = 1_000_000;

/** A way from a pump to a drain through one node. */
function way(name: string, middle: FlowNode | undefined): FlowNode[] {
  const drain = `${name}-drain`;
  return [
    { id: `${name}-pump`, type: 'test-pump', wires: [[middle ? name : drain]] },
    ...(middle ? [{ ...middle, id: name, wires: [[drain], ...(middle.type === 'surewire-dedupe' ? [[]] : [])] }] : []),
    { id: drain, type: 'test-drain', wires: [] },
  ];
}

const MAP = `let seen = context.get('seen');
if (!seen) context.set('seen', seen = new Map());
if (seen.has(msg.payload.id)) return null;
seen.set(msg.payload.id, Date.now());
return msg;`;

/** Messages a second through dedupe between two plain nodes, beside core's filter and a function with a Map; alternating. */
export async function run(): Promise<Row[]> {
  const dedupe = { id: '', type: 'surewire-dedupe', keyType: 'msg', key: 'payload.id', maxKeys: 10 * MANY };
  const red = await startNodeRed({
    execArgv: ['--max-old-space-size=4096'],
    flows: flow([
      ...way('wire', undefined),
      ...way('dedupe', dedupe),
      ...way('content', { ...dedupe, keyType: 'content' }),
      ...way('success', { ...dedupe, confirm: 'success' }),
      ...way('full', dedupe),
      ...way('filter', { id: '', type: 'rbe', func: 'rbe', property: 'payload.id', topi: 'topic', septopics: true }),
      ...way('map', { id: '', type: 'function', func: MAP, outputs: 1 }),
    ]),
  });
  try {
    const names = ['wire', 'dedupe', 'content', 'success', 'filter', 'map', 'full'];
    const rates = new Map<string, number[]>(names.map((name) => [name, []]));
    for (const name of names) await rate(red, name, 2_000);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const name of names.slice(0, -1)) rates.get(name)?.push(await rate(red, name, MESSAGES));
    const early: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) early.push(await rate(red, 'full', 10_000));
    await rate(red, 'full', MANY, { patienceMs: 300_000 });
    for (let round = 0; round < ROUNDS; round += 1) rates.get('full')?.push(await rate(red, 'full', MESSAGES));

    const of = (name: string): number => median(rates.get(name) ?? []);
    const row = (scenario: string, value: number, note?: string): Row => ({
      scenario: `dedupe, memory: ${scenario}`,
      value,
      unit: 'messages/s',
      ...(note && { note }),
    });
    const target = 50_000;
    const beside = (value: number): string => `${(value / of('wire')).toFixed(2)} of a bare wire`;
    const flat = of('full') / median(early);
    return [
      row('a bare wire, nothing between', of('wire')),
      { ...row('key from a property', of('dedupe'), beside(of('dedupe'))), target, met: of('dedupe') >= target },
      { ...row(`the same at ${MANY} keys`, of('full'), beside(of('full'))), target, met: of('full') >= target },
      {
        ...row('speed at 1,000,000 keys against that at a few thousand', Math.round(flat * 100) / 100),
        unit: 'ratio',
        target: 0.8,
        met: flat >= 0.8,
      },
      row('key from the content of the payload', of('content'), beside(of('content'))),
      row('confirm: success, the outcome tracked', of('success'), beside(of('success'))),
      row('peer: core filter (last value only)', of('filter'), beside(of('filter'))),
      row('peer: function node with a Map', of('map'), beside(of('map'))),
    ];
  } finally {
    await red.stop();
  }
}
