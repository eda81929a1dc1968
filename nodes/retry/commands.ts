import { readIds } from '../event-store/dead-letter-ids';
import { LONGEST_PAGE } from '../event-store/dead-letter-page';
import { ConfigError, numberOption } from '../shared/options';
import type { Message } from './delivery';
import type { Engine } from './engine';

const COMMANDS = ['pause', 'resume', 'list', 'replay', 'purge'] as const;

/** What `msg.command` orders; `ids` undefined = all. */
export interface Command {
  name: (typeof COMMANDS)[number];
  ids?: readonly string[];
  /** For `list`: the dead letter after which the page begins, and its length. */
  after?: string;
  limit?: number;
}

/**
 * Whether a message is an order and not an event like any other. To be asked only where the node's `commands` is true: else
 * anybody who can send an event could purge.
 */
export const isCommand = (msg: Message): boolean => COMMANDS.some((name) => name === msg.command);

/**
 * The order a message carries.
 * @throws ConfigError that names the property which is wrong
 */
export function readCommand(msg: Message): Command {
  const command: Command = { name: msg.command as Command['name'] };
  if (command.name === 'pause' || command.name === 'resume') return command;
  const ids = readIds(msg.ids);
  if (ids) command.ids = ids;
  if (command.name !== 'list') return command;
  if (typeof msg.after === 'string') command.after = msg.after;
  else if (msg.after !== undefined) throw new ConfigError('after', 'expected the id of a dead letter');
  if (msg.limit !== undefined) command.limit = numberOption(msg, 'limit', LONGEST_PAGE, { min: 1, integer: true });
  return command;
}

/** Carries an order out. @returns what it answers, only for `list`: the dead letters, oldest first */
export async function obey({ name, ids, ...page }: Command, engine: Engine): Promise<unknown> {
  switch (name) {
    case 'pause':
    case 'resume':
      engine.setPaused(name === 'pause');
      return undefined;
    case 'list':
      return ids ? engine.deadLetters.named(ids, page) : engine.deadLetters.list(page);
    case 'replay':
      await engine.replay(ids);
      return undefined;
    case 'purge':
      await engine.purge(ids);
      return undefined;
  }
}
