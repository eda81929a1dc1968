import type { Application } from 'express';

/** As much of Express's router as is needed; its shape is the same in Express 4 and 5. */
export interface Layer {
  handle: unknown;
  name: string;
  route?: { path: unknown; methods: Record<string, boolean> };
  match(path: string): boolean;
}

/** An Express application, of Express 4 (`_router`) or 5 (`router`). */
export interface App extends Pick<Application, 'use' | 'on' | 'path'> {
  parent?: App;
  _router?: { stack: Layer[] };
  router?: { stack: Layer[] };
}

/** The layers of an app in order; the very list, so that one can be moved. */
export function stackOf(app: App): Layer[] {
  if (app._router) return app._router.stack;
  try {
    return app.router?.stack ?? [];
  } catch {
    return []; // Express 4's `router` throws; an app that nobody has used has no stack
  }
}

/** The app that an app is mounted in, at the very top. */
export function rootOf(app: App): App {
  return app.parent ? rootOf(app.parent) : app;
}

/** The part of a path below an app's root, with a leading slash; undefined = not below it. */
export function belowRoot(path: string, root: string): string | undefined {
  const base = root.replace(/\/$/, '');
  if (path.slice(0, base.length).toLowerCase() !== base.toLowerCase()) return undefined;
  const rest = path.slice(base.length);
  return rest === '' ? '/' : rest.startsWith('/') ? rest : undefined;
}
