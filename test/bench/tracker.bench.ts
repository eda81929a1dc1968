import { type FlowNode, flow, startNodeRed } from '../support/node-red';
import { median } from './median';
import type { Row } from './row';

const MESSAGES = 20_000;
const ROUNDS = 15;

const func = (id: string, wire: string): FlowNode => ({
  id,
  type: 'function',
  func: 'return msg;',
  outputs: 1,
  wires: [[wire]],
});
/** Messages of others, on their way through two functions. */
const others: FlowNode[] = [
  { id: 'pump', type: 'test-pump', wires: [['f1']] },
  func('f1', 'f2'),
  func('f2', 'drain'),
  { id: 'drain', type: 'test-drain', wires: [] },
];
const tracker: FlowNode = { id: 'tracker', type: 'test-tracker', wires: [['never']] };
const never: FlowNode = { id: 'never', type: 'function', func: 'if (false) node.done();', outputs: 1, wires: [[]] };

/**
 * What the outcome tracker costs messages that nobody tracks, on function -> function: while no node uses it, while one does, and
 * while a message of that one is under way. Alternating, by deploys that leave the functions alone.
 */
export async function run(): Promise<Row[]> {
  const red = await startNodeRed({ flows: flow([...others, never]) });
  try {
    const pump = async (): Promise<number> => {
      const ms = await red.command<number>('pump', { pump: 'pump', drain: 'drain', count: MESSAGES });
      return (ms * 1000) / MESSAGES;
    };
    for (let warmUp = 0; warmUp < 4; warmUp += 1) await pump();
    const without: number[] = [];
    const idle: number[] = [];
    const busy: number[] = [];
    let hooked = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      hooked += (await red.command<string[]>('hooked')).length;
      without.push(await pump());
      await red.deploy(flow([...others, never, tracker]), 'nodes');
      idle.push(await pump());
      await red.inject('tracker', { payload: 1 });
      busy.push(await pump());
      await red.deploy(flow([...others, never]), 'nodes');
    }
    const [bare, used, atWork] = [median(without), median(idle), median(busy)];
    const row = (scenario: string, value: number, unit: string, note?: string): Row => ({
      scenario: `outcome tracker, messages of others: ${scenario}`,
      value: Math.round(value * 100) / 100,
      unit,
      ...(note && { note }),
    });
    // Of neighbours in time, so that a machine that gets slower meanwhile does not count.
    const more = (values: number[]): number => (median(values.map((us, at) => us / (without[at] as number))) - 1) * 100;
    const [moreUsed, moreAtWork] = [more(idle), more(busy)];
    return [
      row('function -> function, no node uses it', bare, 'us a message'),
      { ...row('hooks registered then', hooked, 'hooks'), target: 0, met: hooked === 0 },
      {
        ...row('more while a node uses it', moreUsed, '%', `${used.toFixed(2)} us a message`),
        target: 10,
        met: moreUsed <= 10,
      },
      {
        ...row('more while a message is tracked', moreAtWork, '%', `${atWork.toFixed(2)} us a message`),
        target: 10,
        met: moreAtWork <= 10,
      },
    ];
  } finally {
    await red.stop();
  }
}
