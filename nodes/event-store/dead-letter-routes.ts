import type { Request, RequestHandler, Response, Router } from 'express';
import { ConfigError } from '../shared/options';
import { readIds } from './dead-letter-ids';
import type { DeadLetter } from './store';

const DEFAULT_PAGE = 100;

/** A node that has dead letters. */
export interface DeadLetterHolder {
  readonly deadLetters: { list(page: { after?: string; limit?: number }): Promise<DeadLetter[]> };
  readonly counts: object;
  replay(ids?: readonly string[]): Promise<number>;
  purge(ids?: readonly string[]): Promise<number>;
}

/**
 * The ids a request names: in its body, or as `?ids=a,b`; undefined = all.
 * @throws ConfigError where it says something else: `curl -d` for one sends JSON as a form, whose only member is that text
 */
function idsOf(req: Request): readonly string[] | undefined {
  const body: unknown = req.body ?? {};
  const unread = req.get('content-length') !== '0' && req.is(['json', 'urlencoded']) === false;
  if (unread || Array.isArray(body) || Object.keys(body as object).some((name) => name !== 'ids')) {
    throw new ConfigError('body', 'expected JSON such as {"ids": ["..."]}, with content type application/json');
  }
  const { ids = req.query.ids } = body as { ids?: unknown };
  const named = readIds(ids);
  return ids === req.query.ids ? named?.flatMap((part) => part.split(',')) : named;
}

/**
 * The dead letters of every node of a kind for the editor: `GET` a page (`?after=<id>&limit=100`), `POST` (also `.../replay`) to put
 * them back, `DELETE` to purge; the latter two for all or for `ids`. To be called once a kind.
 * @param kind the node's folder: part of the path and of the permissions, `surewire-<kind>.read` and `.write`
 * @param find the holder of a node's dead letters, undefined where there is none
 */
export function serveDeadLetters(
  kind: string,
  admin: Router,
  needsPermission: (permission: string) => RequestHandler,
  find: (nodeId: string) => DeadLetterHolder | undefined,
): void {
  const path = `/surewire/${kind}/:id/dead-letters`;
  const handle =
    (answer: (holder: DeadLetterHolder, req: Request) => Promise<unknown>): RequestHandler =>
    (req: Request, res: Response): void => {
      const holder = find(String(req.params.id));
      if (!holder) {
        res.status(404).json({ error: `there is no such ${kind} node` });
        return;
      }
      answer(holder, req).then(
        (body) => res.json(body),
        (error: unknown) => {
          const status = error instanceof ConfigError ? 400 : 503;
          res.status(status).json({ error: error instanceof Error ? error.message : String(error) });
        },
      );
    };
  const read = needsPermission(`surewire-${kind}.read`);
  const write = needsPermission(`surewire-${kind}.write`);
  admin.get(
    path,
    read,
    handle(async (holder, { query }) => {
      const limit = Number(query.limit ?? DEFAULT_PAGE);
      const page = { limit: Number.isInteger(limit) && limit >= 1 ? limit : DEFAULT_PAGE };
      const after = typeof query.after === 'string' ? { after: query.after } : {};
      return { deadLetters: await holder.deadLetters.list({ ...page, ...after }), counts: holder.counts };
    }),
  );
  const replay = handle(async (holder, req) => ({ replayed: await holder.replay(idsOf(req)) }));
  admin.post(path, write, replay);
  admin.post(`${path}/replay`, write, replay);
  admin.delete(
    path,
    write,
    handle(async (holder, req) => ({ purged: await holder.purge(idsOf(req)) })),
  );
}
