import type { NodeAPI } from 'node-red';
import { serveDeadLetters } from '../event-store/dead-letter-routes';
import type { StoredEvents } from './stored-events';

/** What the editor and operators ask the node type for: its dead letters, and whether a schema compiles. Once a runtime. */
export function serveAdmin(RED: NodeAPI, queueOf: (nodeId: string) => StoredEvents | undefined): void {
  if (typeof RED.httpAdmin !== 'function') return;
  serveDeadLetters('webhook-in', RED.httpAdmin, (permission) => RED.auth.needsPermission(permission), queueOf);
  // The editor's forms check a schema with the compiler that will run it.
  RED.httpAdmin.post('/surewire/webhook-in/schema', RED.auth.needsPermission('flows.write'), (req, res) => {
    try {
      // Loaded on first use: it brings ajv.
      const { compileSchema } = require('./schema') as typeof import('./schema');
      const { schema } = req.body as { schema?: unknown };
      compileSchema(typeof schema === 'string' ? schema : '');
      res.json({});
    } catch (error) {
      res.json({ error: error instanceof Error ? error.message : String(error) });
    }
  });
}
