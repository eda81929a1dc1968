import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { util } from '@node-red/util';
import { root } from './node-red';

/** What a node's editor script hands to `registerType`, as far as tests look at it. */
export interface EditorDefinition {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  defaults: Record<string, { value: unknown; validate?: Validator }>;
  credentials?: Record<string, { validate?: Validator }>;
}

/** As Node-RED calls it: true = good, a text = what is wrong. */
type Validator = (this: object, value: unknown, options: object) => unknown;

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

/** As the editor does it, whose code for it is the runtime's. */
function validatePropertyExpression(text: string): boolean {
  try {
    util.normalisePropertyExpression(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs the built editor script of a node against a stand-in of the editor.
 * @param known the nodes that the editor finds by their id
 */
export function editorDefinition(name: string, known: Record<string, object> = {}): EditorDefinition {
  const html = readFileSync(path.join(root, 'dist', name, `${name}.html`), 'utf8');
  const script = /<script type="text\/javascript">\n([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  let definition: EditorDefinition | undefined;
  const registerType = (_type: string, given: EditorDefinition): void => {
    definition = given;
  };
  const node = (id: string): object | undefined => known[id];
  const orAnything = (members: Record<string, unknown>): object =>
    new Proxy(members, { get: (target, member: string) => target[member] ?? anything() });
  const utils = orAnything({ validatePropertyExpression });
  const RED = orAnything({ nodes: { registerType, node }, utils });
  runInNewContext(script, { RED, $: anything(), document: anything(), window: anything(), location: {}, URL });
  if (!definition) throw new Error(`${name} registers no type`);
  return definition;
}

/**
 * What the form says of a value, as Node-RED asks it; undefined = nothing.
 * @param fields the node's other fields
 */
export function complaint(
  name: string,
  { defaults }: EditorDefinition,
  property: string,
  value: unknown,
  fields: object = {},
): string | undefined {
  const definition = defaults[property] as { validate?: Validator; required?: boolean };
  // Node-RED never asks about a blank field that is not required.
  if (!definition.validate || (definition.required === false && value === '')) return undefined;
  const node = { ...fields, _: (key: string, values: object = {}) => translate(name, key, values) };
  const said = definition.validate.call(node, value, {});
  return said === true ? undefined : String(said);
}

function translate(name: string, key: string, values: object): string {
  let text: unknown = { [name]: locale(name) };
  for (const part of key.split('.')) text = (text as Record<string, unknown> | undefined)?.[part];
  if (typeof text !== 'string') throw new Error(`there is no text ${key}`);
  return Object.entries(values).reduce<string>(
    (said, [word, value]) => said.replaceAll(`__${word}__`, `${value}`),
    text,
  );
}

/** The English texts of a node. */
export const locale = (name: string): Record<string, unknown> =>
  (
    JSON.parse(readFileSync(path.join(root, 'nodes', name, 'locales', 'en-US', `${name}.json`), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >
  )[name] ?? {};
