import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { root } from './node-red';

/** What a node's editor script hands to `registerType`, as far as tests look at it. */
export interface EditorDefinition {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  defaults: Record<string, { value: unknown }>;
  credentials?: Record<string, unknown>;
}

/** The folders of the nodes. */
export const nodeNames = Object.keys(
  (
    JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      'node-red': { nodes: Record<string, string> };
    }
  )['node-red'].nodes,
);

/** Stands for everything of the editor that a script may touch while it is loaded. */
const anything = (): unknown =>
  new Proxy(() => undefined, {
    get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : anything()),
    apply: anything,
  });

/** Runs the built editor script of a node against a stand-in of the editor. */
export function editorDefinition(name: string): EditorDefinition {
  const html = readFileSync(path.join(root, 'dist', name, `${name}.html`), 'utf8');
  const script = /<script type="text\/javascript">\n([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  let definition: EditorDefinition | undefined;
  const registerType = (_type: string, given: EditorDefinition): void => {
    definition = given;
  };
  const RED = new Proxy({ nodes: { registerType } } as Record<string, unknown>, {
    get: (target, member: string) => target[member] ?? anything(),
  });
  runInNewContext(script, { RED, $: anything(), document: anything(), window: anything(), location: {}, URL });
  if (!definition) throw new Error(`${name} registers no type`);
  return definition;
}

/** The English texts of a node. */
export const locale = (name: string): Record<string, unknown> =>
  (
    JSON.parse(readFileSync(path.join(root, 'nodes', name, 'locales', 'en-US', `${name}.json`), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >
  )[name] ?? {};
