import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, freePort, type RunningNodeRed, root, startNodeRed } from '../support/node-red';
import { exampleFiles, observed, readExample, withSecrets } from './examples';

const all = exampleFiles.map((file) => ({ file, nodes: readExample(file) }));
const everything = all.flatMap(({ nodes }) => nodes);
const CONFIG = ['surewire-webhook-auth', 'surewire-event-store'];
/** What the examples use of Node-RED itself. */
const CORE =
  'tab group comment inject debug function change switch template delay join catch link_in link_out http_in http_request http_response'
    .split(' ')
    .map((type) => type.replace('_', ' '));

/** Lets the tour and the simulator's examples, which send to themselves, run as soon as they are imported. */
const PUBLIC_SECRET = `whsec_${Buffer.from('Surewire tour - public demo key').toString('base64')}`;

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
        assert.ok(String(tab?.label).startsWith(`${file.slice(0, 2)} `), 'the label of the tab');
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
        assert.deepEqual((group?.nodes as string[] | undefined)?.toSorted(), placed.map(({ id }) => id).toSorted());
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
            if (id)
              assert.ok(
                config.some((own) => own.id === id),
                `${node.id} uses a ${property} of its own example`,
              );
          }
        }
      });

      it('holds no secret, but for the one that everybody knows and that is good on this machine alone', () => {
        for (const node of nodes) {
          if (node.credentials === undefined) continue;
          assert.deepEqual(node.credentials, { secret: PUBLIC_SECRET }, node.id);
          assert.equal(node.allow, '127.0.0.0/8 ::1', node.id);
          assert.match(String(kind(nodes, 'comment')[0]?.info), /everybody knows it/);
        }
        assert.doesNotMatch(JSON.stringify(nodes).replaceAll(PUBLIC_SECRET, ''), /wh(sec|pk|sk)_\w/);
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
  afterEach(() => red?.stop());

  const complaints = (): string[] => red.log.split('\n').filter((line) => /\[(error|warn)\] \[/.test(line));
  /** The nodes whose status is red, as it stands. */
  const reds = (nodes: FlowNode[]): FlowNode[] => nodes.filter(({ id }) => red.status(id).fill === 'red');

  async function deploy(nodes: FlowNode[]): Promise<FlowNode[]> {
    const port = await freePort();
    red = await startNodeRed({ port });
    const flows = observed(nodes, port);
    await red.deploy(flows);
    return flows;
  }

  it('as imported: red where a secret is still to be chosen, and nowhere else', async () => {
    const flows = await deploy(everything);
    const secretless = new Set(
      kind(flows, 'surewire-webhook-auth')
        .filter(({ credentials }) => credentials === undefined)
        .map(({ id }) => id),
    );
    const needy = flows.filter((node) => secretless.has(String(node.auth)));
    assert.ok(needy.length > 0);
    await red.until('the red ones', () => reds(needy).length === needy.length);
    assert.deepEqual(
      reds(flows).map(({ id }) => id),
      needy.map(({ id }) => id),
    );
    for (const line of complaints()) assert.match(line, /secret: is empty/);
  });

  it('with secrets: not one complaint', async () => {
    const flows = await deploy(withSecrets(everything).nodes);
    const hooks = kind(flows, 'surewire-webhook-in');
    await red.until('the webhooks', () => hooks.every(({ id }) => red.statuses.some((entry) => entry.id === id)));
    assert.deepEqual(complaints(), []);
    assert.deepEqual(reds(flows), []);
  });
});
