import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { type Claim, Claims, type Found } from './claims';
import { type App, belowRoot, type Layer, rootOf, stackOf } from './express-app';
import { Neighbours } from './neighbours';
import { type Refusal, refuse, withStatus } from './refusal';

/**
 * The one door through which requests reach webhook in. Express parses bodies before a node's own route sees them (with the
 * default httpAdminRoot the admin app does), and a signature can only be checked over the exact bytes. So a layer at the very
 * front of the root app looks each path up: it answers there where nothing stands in front of Node-RED that would have to be
 * asked first, and otherwise marks the request, so that parsers leave it alone, for one dispatcher behind all of that.
 */
export interface Arrival {
  req: IncomingMessage;
  res: ServerResponse;
  params: Record<string, string>;
  /** Path and query as sent. */
  target: string;
  /** The same below the node root. */
  nodeTarget: string;
  /** What is wrong with it already: the method. */
  refusal?: Refusal;
}

/** Takes one request whose path it claimed. */
export type Handler = (arrival: Arrival) => void;

/** Answers a request that no node sees, because none is at work. */
export type Refuser = (arrival: Arrival, refusal: Refusal) => void;

const redeploying = (): Refusal => refuse('redeploying', 'the flows are being started');

/** What of settings.js stands between a sender and a node. */
export interface DoorSettings {
  httpAdminRoot: string | false;
  httpNodeAuth?: unknown;
  httpAdminAuth?: unknown;
  httpNodeMiddleware?: RequestHandler | RequestHandler[];
  httpAdminMiddleware?: unknown;
  /** Core's CORS handler for httpNodeCors; undefined = no CORS. */
  cors?: RequestHandler;
}

const MARK = Symbol('surewire.webhook-in');
type Marked = IncomingMessage & { [MARK]?: { found: Found<Handler>; arrival: Arrival }; _body?: boolean };

/** Layers that Express and Node-RED's own launcher put into the root app; none of them asks who the sender is. */
const HARMLESS = new Set(['query', 'expressInit', 'rawBodyCapture', 'serveStatic', 'surewireFront', 'surewireLast']);

/** Splits a request target at its query; an absolute-form target loses scheme and host. */
function splitTarget(url: string): { path: string; query: string } {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark) };
}

export class FrontDoor {
  readonly claims = new Claims<Handler>();
  readonly neighbours: Neighbours;
  /** Undefined until the flows have started, false while they are being replaced: a message sent then would vanish. */
  open: boolean | undefined;
  #root: App | undefined;
  #prefix = '';
  #own: { length: number; only: boolean } | undefined;

  constructor(
    readonly httpNode: App,
    readonly httpAdmin: App | undefined,
    readonly settings: DoorSettings,
    readonly refuser: Refuser,
  ) {
    this.neighbours = new Neighbours(httpNode, httpAdmin, settings.httpAdminRoot);
    this.httpNode.use((req: Request, res: Response, next: NextFunction) => this.#dispatch(req, res, next));
    this.#settle();
    // An application that embeds Node-RED may mount it after the nodes are loaded.
    this.httpNode.on('mount', () => this.#settle());
  }

  /** Puts the front layer where every request passes first. */
  #settle(): void {
    const root = rootOf(this.httpNode);
    if (root === this.httpNode || root === this.#root) return;
    this.#root = root;
    this.#prefix = this.httpNode.path().replace(/\/$/, '').toLowerCase();
    const front = (req: IncomingMessage, res: ServerResponse, next: () => void): void => this.#front(req, res, next);
    Object.defineProperty(front, 'name', { value: 'surewireFront' });
    root.use(front as unknown as RequestHandler);
    const stack = stackOf(root);
    const at = stack.findIndex((layer) => layer.handle === front);
    stack.unshift(...stack.splice(at, 1));
    this.#askToWait(root);
    root.on('mount', () => this.#settle());
  }

  /**
   * Until the flows have started nobody knows which paths will be there, and a sender that is told 404 may give the webhook up. So
   * whatever all of Node-RED leaves unanswered is asked to come again. They may start late: modules to install, missing nodes.
   */
  #askToWait(root: App): void {
    const last = (req: IncomingMessage, res: ServerResponse, next: () => void): void => {
      const { path, query } = splitTarget(req.url as string);
      const nodePath = belowRoot(path, this.#prefix);
      // An application that embeds Node-RED may have paths of its own behind it.
      if (this.open !== undefined || nodePath === undefined || stackOf(root).at(-1)?.handle !== last) return next();
      this.refuser({ req, res, params: {}, target: path + query, nodeTarget: nodePath + query }, redeploying());
    };
    Object.defineProperty(last, 'name', { value: 'surewireLast' });
    root.use(last as unknown as RequestHandler);
  }

  #front(req: Marked, res: ServerResponse, next: () => void): void {
    if (this.claims.size === 0) return next();
    const { path, query } = splitTarget(req.url as string);
    const prefix = this.#prefix;
    if (
      prefix &&
      !(
        path.length > prefix.length &&
        path[prefix.length] === '/' &&
        path.slice(0, prefix.length).toLowerCase() === prefix
      )
    )
      return next();
    const nodePath = prefix ? path.slice(prefix.length) : path;
    const found = this.claims.find(req.method as string, nodePath);
    if (!found || this.#leftToOthers(found, req, path, nodePath)) return next();
    const arrival = {
      req,
      res,
      params: 'claim' in found ? found.params : {},
      target: path + query,
      nodeTarget: nodePath + query,
    };
    if (this.#answersInFront(path)) return this.#serve(found, arrival);
    req[MARK] = { found, arrival };
    req._body = true;
    next();
  }

  /** Another method of the path may belong to a core `http in`; a path of the admin API stays the admin API's. */
  #leftToOthers(found: Found<Handler>, req: IncomingMessage, path: string, nodePath: string): boolean {
    const method = req.method as string;
    if ('claim' in found) return this.neighbours.adminTakes(found.claim, method, path);
    return (
      this.neighbours.othersHold(method, nodePath) ||
      this.neighbours.adminHolds(method, path) ||
      (method === 'OPTIONS' && this.settings.cors !== undefined)
    );
  }

  /** The path as a sender sees it on this server. */
  fullPath(nodePath: string): string {
    return this.httpNode.path().replace(/\/$/, '') + nodePath;
  }

  #answersInFront(path: string): boolean {
    const { settings } = this;
    if (settings.httpNodeAuth || settings.httpNodeMiddleware || settings.cors) return false;
    const underAdmin = settings.httpAdminRoot !== false && belowRoot(path, settings.httpAdminRoot) !== undefined;
    if (underAdmin && (settings.httpAdminAuth || settings.httpAdminMiddleware)) return false;
    const stack = stackOf(this.#root as App);
    if (this.#own?.length !== stack.length) this.#own = { length: stack.length, only: this.#onlyOwnLayers(stack) };
    return this.#own.only;
  }

  /** Whether the root app holds nothing but Express's and Node-RED's own layers, so that nobody's authentication is passed by. */
  #onlyOwnLayers(stack: readonly Layer[]): boolean {
    // The admin app that nodes see is mounted in the one that the root app holds.
    const mounted = [this.httpNode, this.httpAdmin, this.httpAdmin?.parent].filter(
      (app) => app?.parent === this.#root,
    ).length;
    const apps = stack.filter((layer) => layer.name === 'mounted_app').length;
    return (
      apps === mounted &&
      stack.every((layer) => !layer.route && (layer.name === 'mounted_app' || HARMLESS.has(layer.name)))
    );
  }

  #dispatch(req: Request, res: Response, next: NextFunction): void {
    const mark = (req as unknown as Marked)[MARK] ?? this.#lateMark(req, res);
    if (!mark) return next();
    const middleware = this.settings.httpNodeMiddleware ?? [];
    const steps = [
      ...(Array.isArray(middleware) ? middleware : [middleware]),
      ...(this.settings.cors ? [this.settings.cors] : []),
    ];
    const step = (index: number, error?: unknown): void => {
      if (error) return next(error);
      const run = steps[index];
      if (!run) return this.#serve(mark.found, { ...mark.arrival, res });
      run(req, res, (failure?: unknown) => step(index + 1, failure));
    };
    step(0);
  }

  /** For an application that reaches Node-RED by a router the front layer cannot be put into. */
  #lateMark(req: Request, res: Response): { found: Found<Handler>; arrival: Arrival } | undefined {
    if (this.#root || this.claims.size === 0) return undefined;
    const { path, query } = splitTarget(req.url);
    const found = this.claims.find(req.method, path);
    if (!found || ('allow' in found && this.neighbours.othersHold(req.method, path))) return undefined;
    return {
      found,
      arrival: {
        req,
        res,
        params: 'claim' in found ? found.params : {},
        target: req.originalUrl,
        nodeTarget: path + query,
      },
    };
  }

  #serve(found: Found<Handler>, arrival: Arrival): void {
    const claim = 'allow' in found ? found.holder : found.claim;
    const refusal =
      'allow' in found
        ? refuse('method-not-allowed', `expected ${found.allow.join(' or ')}`, { Allow: found.allow.join(', ') })
        : undefined;
    const away = this.away(claim);
    if (!away) return claim.handler(refusal ? { ...arrival, refusal } : arrival);
    this.refuser(arrival, withStatus(refusal ?? away, claim.statuses));
  }

  /** Why nothing can be handed to a claim's node now; undefined = it is at work. To be asked again once a body has arrived. */
  away(claim: Claim<Handler>): Refusal | undefined {
    return this.open && !claim.closing ? undefined : redeploying();
  }

  claim(claim: Claim<Handler>): string | undefined {
    return this.claims.claim(claim);
  }
}
