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
 * The order a message carries, undefined = none, the message is an event like any other. To be asked only where the node's
 * `commands` is true: else anybody who can send an event could purge.
 */
export function readCommand(msg: Message): Command | undefined {
  const name = COMMANDS.find((command) => command === msg.command);
  if (!name) return undefined;
  const command: Command = { name };
  if (typeof msg.ids === 'string') command.ids = [msg.ids];
  else if (Array.isArray(msg.ids)) command.ids = msg.ids.map(String);
  if (typeof msg.after === 'string') command.after = msg.after;
  if (typeof msg.limit === 'number' && msg.limit >= 1) command.limit = Math.floor(msg.limit);
  return command;
}

/** Carries an order out. @returns what it answers, only for `list`: the dead letters, oldest first */
export async function obey(command: Command, engine: Engine): Promise<unknown> {
  const { name, ids } = command;
  switch (name) {
    case 'pause':
    case 'resume':
      engine.setPaused(name === 'pause');
      return undefined;
    case 'list': {
      const letters = await engine.deadLetters.list(command);
      return ids ? letters.filter((letter) => ids.includes(letter.id)) : letters;
    }
    case 'replay':
      await engine.replay(ids);
      return undefined;
    case 'purge':
      await engine.purge(ids);
      return undefined;
  }
}
