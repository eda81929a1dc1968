/**
 * What the tracker uses of Node-RED's runtime. The members with an underscore are what the runtime itself decides by
 * (@node-red/runtime/lib/nodes/Node.js); they are read, never written.
 */
export interface RuntimeNode {
  id: string;
  type: string;
  name?: string;
  /** The id in the flow file, for a node inside a subflow. */
  _alias?: string;
  wires?: readonly (readonly string[])[];
  /** How many input handlers take a `done`; 0 = the node never reports completion. */
  _expectedDoneCount?: number;
  _inputCallback?: unknown;
  _inputCallbacks?: unknown;
  /** The stream of a core `file` node. */
  wstream?: { errored?: unknown } | null;
  error: (this: void, error: unknown, msg?: unknown) => void;
}

export type Message = Record<PropertyKey, unknown> & { _msgid?: string };

export interface SendEvent {
  msg: Message;
  source: { node: RuntimeNode };
  destination: { node: RuntimeNode };
}

export interface ReceiveEvent {
  msg: Message;
  destination: { node: RuntimeNode };
}

export interface CompleteEvent {
  msg: Message;
  error?: unknown;
  node: { node: RuntimeNode };
}

export interface Hooks {
  add(id: string, handler: (event: never) => void): void;
  remove(id: string): void;
}

/** The part of `RED` the tracker needs; `hooks` and `events` are absent in the test helper. */
export interface Runtime {
  hooks?: Hooks;
  events?: { on(name: string, listener: () => void): void; removeListener(name: string, listener: () => void): void };
  nodes: { getNode(id: string): unknown };
  log: { warn(text: string): void; error(text: string): void };
}

/** The id people know a node by: inside a subflow that is the id in the flow file. */
export const publicId = (node: RuntimeNode): string => node._alias ?? node.id;

/** A node as messages name it. */
export const title = (node: RuntimeNode): string => `${node.type} ${node.name ? `"${node.name}"` : publicId(node)}`;

export const wiredOnward = (node: RuntimeNode): boolean => node.wires?.some((port) => port.length > 0) ?? false;

/** False once a node is closed: Node-RED then takes its input handler away. */
export const takesMessages = (node: RuntimeNode): boolean => Boolean(node._inputCallback ?? node._inputCallbacks);

/** They get clones of messages that are at work elsewhere; what follows from them is not part of the way of a message. */
export const isBystander = (node: RuntimeNode): boolean =>
  node.type === 'catch' || node.type === 'complete' || node.type === 'status';
