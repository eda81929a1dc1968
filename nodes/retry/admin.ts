import type { Request, RequestHandler, Response, Router } from 'express';
import type { Engine } from './engine';

const PATH = '/surewire/retry/:id/dead-letters';
const DEFAULT_PAGE = 100;

/** The ids a request names: in its body, or as `?ids=a,b`; undefined = all. */
function idsOf(req: Request): string[] | undefined {
  const { ids } = (req.body ?? {}) as { ids?: unknown };
  if (Array.isArray(ids)) return ids.map(String);
  return typeof req.query.ids === 'string' ? req.query.ids.split(',') : undefined;
}

/**
 * The dead letters of every retry node for the editor: `GET` a page (`?after=<id>&limit=100`), `POST` (also `.../replay`) to put
 * them back, `DELETE` to purge; the latter two for all or for `ids`. To be called once.
 * @param find the engine of a node, undefined where there is none
 */
export function serveDeadLetters(
  admin: Router,
  needsPermission: (permission: string) => RequestHandler,
  find: (nodeId: string) => Engine | undefined,
): void {
  const handle =
    (answer: (engine: Engine, req: Request) => Promise<unknown>): RequestHandler =>
    (req: Request, res: Response): void => {
      const engine = find(String(req.params.id));
      if (!engine) {
        res.status(404).json({ error: 'there is no such retry node' });
        return;
      }
      answer(engine, req).then(
        (body) => res.json(body),
        (error: unknown) => res.status(503).json({ error: error instanceof Error ? error.message : String(error) }),
      );
    };
  const read = needsPermission('surewire-retry.read');
  const write = needsPermission('surewire-retry.write');
  admin.get(
    PATH,
    read,
    handle(async (engine, { query }) => {
      const limit = Number(query.limit ?? DEFAULT_PAGE);
      const page = { limit: Number.isInteger(limit) && limit >= 1 ? limit : DEFAULT_PAGE };
      const after = typeof query.after === 'string' ? { after: query.after } : {};
      return { deadLetters: await engine.deadLetters.list({ ...page, ...after }), counts: engine.counts };
    }),
  );
  const replay = handle(async (engine, req) => ({ replayed: await engine.replay(idsOf(req)) }));
  admin.post(PATH, write, replay);
  admin.post(`${PATH}/replay`, write, replay);
  admin.delete(
    PATH,
    write,
    handle(async (engine, req) => ({ purged: await engine.purge(idsOf(req)) })),
  );
}
