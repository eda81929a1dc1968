import type { NodeAPI } from 'node-red';
import { ConfigError } from '../shared/options';
import type { Message } from './key';

/**
 * Reads a message property such as `payload.id` or `payload["my id"]`; undefined where there is none. The expression is taken
 * apart once: doing it for each message costs more than the rest of the node.
 * @throws ConfigError where it is no property expression
 */
export function propertyReader(RED: NodeAPI, expression: string): (msg: Message) => unknown {
  let parts: unknown[];
  try {
    parts = RED.util.normalisePropertyExpression(expression.replace(/^msg\./, ''));
  } catch (error) {
    throw new ConfigError('key', `expected a message property such as payload.id (${(error as Error).message})`);
  }
  if (parts.every((part) => typeof part === 'string' || typeof part === 'number')) {
    const path = parts as (string | number)[];
    return (msg) => {
      let value: unknown = msg;
      for (const part of path) {
        if (value === null || value === undefined) return undefined;
        value = (value as Record<string | number, unknown>)[part];
      }
      return value;
    };
  }
  // An index that is a property itself, as in payload[msg.topic].
  return (msg) => {
    try {
      return RED.util.getMessageProperty(msg, expression);
    } catch {
      return undefined;
    }
  };
}
