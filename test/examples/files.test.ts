import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, freePort, type RunningNodeRed, root, startNodeRed } from '../support/node-red';
import { exampleFiles, observed, readExample, withSecrets } from './examples';

const all = exampleFiles.map((file) => ({ file, nodes: readExample(file) }));
const everything = all.flatMap(({ nodes }) => nodes);
const CONFIG = ['surewire-webhook-auth', 'surewire-event-store'];
/** What the examples use of Node-RED itself. */
const CORE = [
  ...['tab', 'group', 'comment', 'inject', 'debug', 'function', 'change', 'switch', 'template', 'delay', 'join'],
  ...['link in', 'link out', 'catch', 'http in', 'http request', 'http response'],
];

const kind = (nodes: FlowNode[], type: string): FlowNode[] => nodes.filter((node) => node.type === type);

function unique(values: unknown[], what: string): void {
  const twice = values.filter((value, index) => values.indexOf(value) !== index);
  assert.deepEqual(twice, [], `${what} in more than one example`);
}

describe('the examples as files', () => {
  for (const { file, nodes } of all) {
    describe(file, () => {
      it('is one tab named as the file, one group, and a comment that says what to do and what you should see', () => {
        assert.match(file, /^\d\d-[a-z0-9-]+\.json$/);
        const [tab, ...moreTabs] = kind(nodes, 'tab');
        assert.deepEqual(moreTabs, []);
        assert.ok(String(tab?.label).startsWith(`${file.slice(0, 2)} `), `tab ${tab?.label}`);
        assert.ok(String(tab?.info).length > 20, 'the tab says in a sentence what it is for');
        const groups = kind(nodes, 'group');
        assert.equal(groups.length, 1);
        assert.deepEqual(groups[0]?.style, { label: true });
        const how = kind(nodes, 'comment')[0];
        assert.match(String(how?.info), /\*\*What to do:\*\*/);
        assert.match(String(how?.info), /\*\*What you should see:\*\*/);
        assert.match(String(how?.name), /\(open me\)$/);
      });

      it('has every node in its tab and its group, and every wire leads to a node of it', () => {
        const ids = new Set(nodes.map(({ id }) => id));
        const [group] = kind(nodes, 'group');
        const placed = nodes.filter((node) => !['tab', 'group', ...CONFIG].includes(node.type));
        assert.deepEqual((group?.nodes as string[]).toSorted(), placed.map(({ id }) => id).toSorted());
        for (const node of placed) {
          assert.equal(node.z, nodes[0]?.id, node.id);
          assert.equal(node.g, group?.id, node.id);
          const ends = [...((node.wires ?? []) as string[][]).flat(), ...((node.links ?? []) as string[])];
          for (const end of ends) assert.ok(ids.has(end), `${node.id} leads to ${end}`);
          assert.ok(Number.isFinite(node.x) && Number.isFinite(node.y), `${node.id} has a place`);
        }
      });

      it('uses only nodes of the package and of Node-RED, and its config nodes are its own and named', () => {
        const known = [...CORE, ...readdirSync(path.join(root, 'nodes')).map((folder) => `surewire-${folder}`)];
        for (const { type, id } of nodes) assert.ok(known.includes(type), `${id} is a ${type}`);
        const config = nodes.filter(({ type }) => CONFIG.includes(type));
        for (const { id, name } of config) assert.ok(typeof name === 'string' && name !== '' && name !== id, id);
        for (const node of nodes) {
          for (const property of ['auth', 'store']) {
            const id = node[property];
            if (id) assert.ok(config.some((own) => own.id === id), `${node.id} uses ${property} ${id}`);
          }
        }
      });

      it('holds no secret', () => {
        for (const node of nodes) assert.equal(node.credentials, undefined, node.id);
        assert.doesNotMatch(JSON.stringify(nodes), /wh(sec|pk|sk)_\w/);
      });
    });
  }

  it('ids, tab names and paths are unique over all of them', () => {
    unique(
      everything.map(({ id }) => id),
      'id',
    );
    unique(
      kind(everything, 'tab').map(({ label }) => label),
      'tab',
    );
    const paths = [...kind(everything, 'surewire-webhook-in'), ...kind(everything, 'http in')];
    unique(
      paths.map((node) => String(node.path ?? node.url).toLowerCase()),
      'path',
    );
  });

  it('every node type of the package is shown in one', () => {
    const types = new Set(everything.map(({ type }) => type));
    for (const folder of readdirSync(path.join(root, 'nodes')).filter((name) => name !== 'shared')) {
      assert.ok(types.has(`surewire-${folder}`), folder);
    }
  });
});

describe('all examples imported at once', () => {
  let red: RunningNodeRed;
  afterEach(() => red.stop());

  const complaints = (): string[] => red.log.split('\n').filter((line) => /\[(error|warn)\]/.test(line));
  /** The nodes whose status is red, as it stands. */
  const reds = (): string[] =>
    everything.filter(({ id }) => red.status(id).fill === 'red').map(({ id }) => id);

  it('as imported: red where a secret is still to be chosen, and nowhere else', async () => {
    red = await startNodeRed({ flows: observed(everything, await freePort()) });
    const needy = everything
      .filter(({ type }) => ['surewire-webhook-in', 'surewire-webhook-out'].includes(type))
      .filter(({ auth }) => auth);
    await red.until('the red ones', () => reds().length >= needy.length);
    const secretless = new Set(needy.map(({ id }) => id));
    for (const id of reds()) {
      const node = everything.find((one) => one.id === id);
      assert.ok(secretless.has(id) || node?.auth, `${id}: ${red.status(id).text}`);
    }
    for (const line of complaints()) assert.match(line, /secret/i);
  });

  it('with secrets: not one complaint', async () => {
    const port = await freePort();
    red = await startNodeRed({ port, flows: observed(withSecrets(everything).nodes, port) });
    await red.until('statuses', () => red.statuses.length > 0);
    assert.deepEqual(complaints(), []);
    assert.deepEqual(reds(), []);
  });
});
