import assert from 'node:assert/strict';

/** What a form says of a field's value; undefined = nothing. */
type Says = (property: string, value: unknown) => string | undefined;

/**
 * One test for each value: the form marks what a deploy refuses, and nothing else.
 * @param deploy reads the fields as a deploy does: throws, or returns what is wrong as text
 * @param complaint what the form's words look like: behind the label, not behind the name that the field has in a flow file
 */
export function judgesAsADeploy(
  values: Record<string, unknown[]>,
  says: Says,
  deploy: (fields: object) => unknown,
  complaint: RegExp,
): void {
  for (const [property, list] of Object.entries(values)) {
    for (const value of list) {
      const problem = problemOf(() => deploy({ [property]: value }));
      it(`${property} ${JSON.stringify(value)}: ${problem ?? 'good'}, as a deploy says`, () => {
        const said = says(property, value);
        assert.equal(said === undefined, problem === undefined, said);
        if (said) assert.match(said, complaint);
      });
    }
  }
}

function problemOf(deploy: () => unknown): string | undefined {
  try {
    const said = deploy();
    return typeof said === 'string' ? said : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** One test for each value: the good ones of a property are taken, the others marked. */
export function marks(values: Record<string, [good: unknown[], bad: unknown[]]>, says: Says): void {
  for (const [property, [good, bad]] of Object.entries(values)) {
    for (const value of [...good, ...bad]) {
      const expected = good.includes(value);
      it(`${property} ${JSON.stringify(value)} is ${expected ? 'good' : 'marked'}`, () => {
        const said = says(property, value);
        assert.equal(said === undefined, expected, said);
      });
    }
  }
}

/** What an editor knows beside the node under test, for a field that takes an event store or none. */
export const STORES = {
  known: {
    good: { type: 'surewire-event-store' },
    incomplete: { type: 'surewire-event-store', valid: false },
    disabled: { type: 'surewire-event-store', d: true },
    next: { type: 'debug' },
  },
  values: [
    [undefined, '', '_ADD_', 'good'],
    ['incomplete', 'disabled', 'deleted', 'next'],
  ] as [good: unknown[], bad: unknown[]],
};
