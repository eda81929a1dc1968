import { createMemoryStore } from '../../nodes/event-store/memory';
import { conformance } from './conformance';

conformance({ name: 'memory', open: async (clock) => createMemoryStore({ clock }) });
