import { types } from 'node:util';
import { contentKey } from './canonical';

export type Message = Record<PropertyKey, unknown>;

/** Reads the key of a message; undefined = it has none. Throws where the message cannot be read. */
export type KeyReader = (msg: Message) => string | undefined | Promise<string | undefined>;

/** What the readers need of Node-RED. */
export interface KeyTools {
  /** The value of a message property. Throws or returns undefined where there is none. */
  property(msg: Message): unknown;
  /** The result of the node's JSONata expression. */
  jsonata(msg: Message): Promise<unknown>;
}

/**
 * A value as a key: text as it is, numbers and booleans as text, a Date as ISO 8601, anything else as the hash of its content.
 * Empty text, null, undefined and NaN are no key: if any part of a key is missing, messages must not be taken for duplicates.
 */
export function keyOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value === '' ? undefined : value;
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return undefined;
      if (types.isDate(value)) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
      return contentKey(value);
    default:
      return undefined;
  }
}

/** Source and id of `msg.event` (CloudEvents: the pair is unique), the id alone where no source is known. */
export function eventKey(msg: Message): string | undefined {
  const event = msg.event as { id?: unknown; source?: unknown } | null | undefined;
  if (typeof event !== 'object' || event === null) return undefined;
  const id = keyOf(event.id);
  if (id === undefined) return undefined;
  const { source } = event;
  if (typeof source !== 'string' || source === '') return id;
  // A URI holds no space, so that the first one parts source and id; a source that is none must not blur them.
  return source.includes(' ') ? JSON.stringify([source, id]) : `${source} ${id}`;
}

export type KeyType = 'event' | 'msg' | 'jsonata' | 'content';

export function keyReader(type: KeyType, tools: KeyTools): KeyReader {
  switch (type) {
    case 'event':
      return eventKey;
    case 'msg':
      return (msg) => keyOf(tools.property(msg));
    case 'jsonata':
      return async (msg) => keyOf(await tools.jsonata(msg));
    case 'content':
      return (msg) => (msg.payload === undefined ? undefined : contentKey(msg.payload));
  }
}
