import type { IncomingMessage, ServerResponse } from 'node:http';

/** The part of an Express app that requests and responses inherit from. */
export interface ExpressApp {
  request: object;
  response: object;
}

/**
 * Makes request and response Express's own, as its first layer does (express/lib/middleware/init.js). One that is answered in front
 * of Express has bare ones, and a core `http response` needs `status`, `set` and `send`. Harmless where that has been done.
 */
export function dress(req: IncomingMessage, res: ServerResponse, app: ExpressApp): void {
  if ('status' in res) return;
  Object.setPrototypeOf(req, app.request);
  Object.setPrototypeOf(res, app.response);
  // No query: a core `http response` would read the name of a JSONP callback from it.
  Object.assign(req, { res, query: {} });
  Object.assign(res, { req, locals: {} });
}
