import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { newSecret, secretForm } from '../../nodes/webhook-auth/new-secret';
import { type FlowNode, root } from '../support/node-red';

const directory = path.join(root, 'examples');

/** The files of the Import menu, in its order. */
export const exampleFiles = readdirSync(directory).sort();

/** The nodes of an example, by the start of its file name (`10`) or the whole of it. */
export function readExample(name: string): FlowNode[] {
  const file = exampleFiles.find((candidate) => candidate === name || candidate.startsWith(`${name}-`));
  if (file === undefined) throw new Error(`no example ${name}`);
  return JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as FlowNode[];
}

/** A secret as the button "Generate" of the auth dialog makes it. */
export const generate = (node: FlowNode): string =>
  newSecret(secretForm(String(node.scheme), ''), (count) => randomBytes(count));

/** The example after its maker has pressed "Generate" in every auth dialog that has no secret yet; the secrets by the id of their node. */
export function withSecrets(nodes: FlowNode[]): { nodes: FlowNode[]; secrets: Record<string, string> } {
  const secrets: Record<string, string> = {};
  const filled = nodes.map((node) => {
    if (node.type !== 'surewire-webhook-auth' || node.scheme === 'none' || node.credentials) return node;
    const secret = generate(node);
    secrets[node.id] = secret;
    return { ...node, credentials: { secret } };
  });
  return { nodes: filled, secrets };
}

/** The example on another port, with every debug node in the place of which a probe of the same name listens. */
export function observed(nodes: FlowNode[], port: number): FlowNode[] {
  const text = JSON.stringify(nodes).replaceAll('127.0.0.1:1880', `127.0.0.1:${port}`);
  return (JSON.parse(text) as FlowNode[]).map((node) =>
    node.type === 'debug' ? { ...node, type: 'test-probe', wires: [[]] } : node,
  );
}
