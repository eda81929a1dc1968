import { type App, belowRoot, stackOf } from './express-app';

/** Routes of Node-RED's admin API, which shares its root with the nodes by default. */
const ADMIN_API = /^\/(?:flows?|nodes|context|auth|library|settings|credentials|projects|plugins)(?:\/|$)/i;
/** What the editor itself is made of. */
const EDITOR_FILES =
  /^\/(?:(?:icons|locales|theme|types|diagnostics|debug|red|vendor|core|comms|favicon\.ico)(?:\/|$)|$)/i;

/** Who else in this Node-RED takes requests: its admin API, and the routes of other nodes. */
export class Neighbours {
  /** The last answer for each asker, while the admin app's routes are as many. */
  readonly #adminTook = new WeakMap<object, { method: string; path: string; routes: number; took: boolean }>();

  constructor(
    readonly httpNode: App,
    readonly httpAdmin: App | undefined,
    readonly adminRoot: string | false,
  ) {}

  /** Whether a route of another node (core `http in`) takes this method and path. @param path below the node root */
  othersHold(method: string, path: string): boolean {
    const verb = method.toLowerCase();
    // Express answers HEAD by a route for GET.
    const takes = (methods: Record<string, boolean>) => methods[verb] || (verb === 'head' && methods.get);
    return stackOf(this.httpNode).some(
      (layer) => layer.route && takes(layer.route.methods) && layer.route.path !== '*' && layer.match(path),
    );
  }

  /** Whether the admin API has a route of its own there. @param path as sent, with the node root's prefix */
  adminHolds(method: string, path: string): boolean {
    if (this.adminRoot === false || !this.httpAdmin) return false;
    const below = belowRoot(path, this.adminRoot);
    if (below === undefined) return false;
    // The admin app mounts the editor API as an app of its own, whose routes the mount hides; those are found by name.
    const api = ADMIN_API.test(below) || (method === 'GET' && EDITOR_FILES.test(below));
    return (
      api || stackOf(this.httpAdmin).some((layer) => layer.route?.methods[method.toLowerCase()] && layer.match(below))
    );
  }

  /**
   * As adminHolds, which matches every route of the admin API, for the many requests of one asker: the last answer is remembered,
   * because its senders hardly ever spell a path in two ways.
   */
  adminTakes(asker: object, method: string, path: string): boolean {
    const routes = this.httpAdmin ? stackOf(this.httpAdmin).length : 0;
    const last = this.#adminTook.get(asker);
    if (last?.path === path && last.method === method && last.routes === routes) return last.took;
    const took = this.adminHolds(method, path);
    this.#adminTook.set(asker, { method, path, routes, took });
    return took;
  }
}
