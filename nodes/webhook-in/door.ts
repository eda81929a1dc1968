import type { Server } from 'node:http';
import type { RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import type { Clock } from '../shared/clock';
import { answerRefusal } from './answer';
import type { App } from './express-app';
import { type DoorSettings, FrontDoor } from './front-door';
import type { WebhookInOptions } from './options';

/** What is still to come of a refused request's body is read and thrown away for at most this long. */
const DRAIN_MS = 30_000;

/** The front door with what ties it to one Node-RED. */
export interface Door {
  door: FrontDoor;
  /** Calls back after the flows have started; returns a function that stops that. */
  onStarted(callback: () => void): () => void;
  /** Bounds how long the headers of any request may take while a node is there that asks for it; returns a function that ends that. */
  boundHeaders(ms: number): () => void;
}

/** How often Node.js looks for connections whose headers are late, milliseconds; by itself it does so every 30 s. */
const LOOK_EVERY_MS = 5000;

/** Bounds the time for headers by the most patient of those who ask, and never above what the server had. */
function headerDeadline(server: Server): Door['boundHeaders'] {
  const own = server.headersTimeout;
  // Read when the server begins to listen, which Node-RED's does after the nodes are loaded.
  const { connectionsCheckingInterval: looks } = server as { connectionsCheckingInterval?: number };
  if (looks !== undefined && !server.listening) {
    Object.assign(server, { connectionsCheckingInterval: Math.min(looks, LOOK_EVERY_MS) });
  }
  const asked = new Set<{ ms: number }>();
  const apply = (): void => {
    const patience = Math.max(0, ...[...asked].map(({ ms }) => ms));
    server.headersTimeout = patience === 0 ? own : own === 0 ? patience : Math.min(own, patience);
  };
  return (ms) => {
    const entry = { ms };
    asked.add(entry);
    apply();
    return () => {
      asked.delete(entry);
      apply();
    };
  };
}

/** Opens the door of one Node-RED, once when the module is loaded. Undefined where settings.js serves no node over HTTP. */
export function openDoor(RED: NodeAPI, clock: Clock): Door | undefined {
  const settings = RED.settings as unknown as Partial<DoorSettings> & {
    httpNodeRoot?: string | false;
    httpNodeCors?: unknown;
  };
  const httpNode = RED.httpNode as unknown as App | undefined;
  if (settings.httpNodeRoot === false || typeof httpNode !== 'function') return undefined;
  const cors = settings.httpNodeCors
    ? // The package and the options are those of core http in. Loaded only where it is asked for.
      ((require('cors') as (options: unknown) => RequestHandler)(settings.httpNodeCors) as RequestHandler)
    : undefined;
  const door = new FrontDoor(
    httpNode,
    typeof RED.httpAdmin === 'function' ? (RED.httpAdmin as unknown as App) : undefined,
    {
      httpAdminRoot: settings.httpAdminRoot ?? '/',
      httpNodeAuth: settings.httpNodeAuth,
      httpAdminAuth: settings.httpAdminAuth,
      httpAdminMiddleware: settings.httpAdminMiddleware,
      ...(settings.httpNodeMiddleware && { httpNodeMiddleware: settings.httpNodeMiddleware }),
      ...(cors && { cors }),
    },
    ({ req, res }, refusal) => answerRefusal(req, res, refusal, clock, DRAIN_MS),
  );
  const started = new Set<() => void>();
  RED.events.on('flows:stopping', () => {
    if (door.open) door.open = false;
  });
  RED.events.on('flows:started', () => {
    door.claims.sweep();
    door.open = true;
    for (const callback of Array.from(started)) callback();
  });
  return {
    door,
    onStarted: (callback) => {
      started.add(callback);
      return () => started.delete(callback);
    },
    boundHeaders: headerDeadline(RED.server as Server),
  };
}

/** Who else has the node's path: the admin API (which keeps it), or another node's route (which this node goes before). */
export function rivalOf(
  { pattern, methods }: Pick<WebhookInOptions, 'pattern' | 'methods'>,
  door: FrontDoor,
): 'admin-path' | 'shared-path' | undefined {
  for (const method of methods) {
    if (door.neighbours.adminHolds(method, door.fullPath(pattern.text))) return 'admin-path';
    if (door.neighbours.othersHold(method, pattern.text)) return 'shared-path';
  }
  return undefined;
}
