import type { WebhookAuthNode } from '../webhook-auth/contract';
import { type ContentOptions, compileContent } from './events';
import { readOptions, type WebhookInOptions } from './options';

/** A node's configuration, ready to run. */
export interface Setup {
  options: WebhookInOptions;
  content: ContentOptions;
  /** What is wrong with it, in words; every request is refused then. */
  problem: string | undefined;
}

/** What the node's fields refer to, as far as it is there. */
export interface Surroundings {
  auth: Pick<WebhookAuthNode, 'problem' | 'verifier'> | undefined;
  hasStore: boolean;
  /** A text of the catalogue, below `error`. */
  say: (key: 'no-auth' | 'no-store') => string;
}

/** Without an auth every request is refused, so nothing of a scheme is needed. */
const NO_AUTH = { identity: {}, secretQuery: [] };

/**
 * Reads the node's fields. With a bad one the node still holds its path: a sender that is told 503 comes again once it is mended,
 * one that finds nothing there may give the webhook up.
 * @throws ConfigError where the path or the methods are wrong, so that there is nothing to hold
 */
export function setUp(config: object, { auth, hasStore, say }: Surroundings): Setup {
  try {
    const options = readOptions(config);
    const content = compileContent(options, auth?.verifier ?? NO_AUTH);
    const noStore = options.answer === 'stored' && !hasStore;
    return {
      options,
      content,
      problem: auth ? (auth.problem ?? (noStore ? say('no-store') : undefined)) : say('no-auth'),
    };
  } catch (error) {
    const { path, methods } = config as { path?: unknown; methods?: unknown };
    const options = readOptions({ path, methods });
    const problem = error instanceof Error ? error.message : String(error);
    return { options, content: compileContent(options, NO_AUTH), problem };
  }
}
