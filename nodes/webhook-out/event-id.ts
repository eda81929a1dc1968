/** The part of a message that names its event. */
export interface EventMessage {
  event?: unknown;
  retry?: unknown;
}

function idOf(holder: unknown): string | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  const { id } = holder as { id?: unknown };
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/**
 * The id under which a message's event is sent, written into `msg.event.id` so that whoever sends the message again sends the
 * same one: the event's own, else that of the retry node in front (the same on each of its attempts), else a new one.
 */
export function eventId(msg: EventMessage, random: () => string): string {
  const own = idOf(msg.event);
  if (own !== undefined) return own;
  const id = idOf(msg.retry) ?? random();
  msg.event = typeof msg.event === 'object' && msg.event !== null ? { ...msg.event, id } : { id };
  return id;
}
