/** What `msg.event` holds: the CloudEvents attributes of one event, absent ones undefined, extension attributes beside them. */
export interface EventInfo {
  id?: string;
  type?: string;
  source?: string;
  subject?: string;
  time?: string;
  /** Which device sent it, as the webhook's template or the CloudEvents source says. */
  device?: string;
  /** When it arrived, ISO 8601. */
  receivedAt?: string;
  /** True when it is handed on again after a crash or a failed flow. */
  redelivered?: boolean;
  [extension: string]: unknown;
}

/** The envelope members that are attributes of the event itself, not extensions. */
const NOT_EXTENSIONS = new Set([
  'specversion',
  'data',
  'data_base64',
  'id',
  'type',
  'source',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
]);

/** A structured-mode CloudEvent (JSON format 1.0). */
export type CloudEvent = Record<string, unknown>;

/** The attributes of a CloudEvents envelope as `msg.event` shows them (CloudEvents spec 1.0, JSON format). */
export function eventInfo(envelope: CloudEvent): EventInfo {
  const text = (name: string): string | undefined => {
    const value = envelope[name];
    return typeof value === 'string' ? value : undefined;
  };
  const info: EventInfo = {};
  for (const name of ['id', 'type', 'source', 'subject', 'time', 'datacontenttype', 'dataschema']) {
    const value = text(name);
    if (value !== undefined) info[name] = value;
  }
  for (const [name, value] of Object.entries(envelope)) {
    if (!NOT_EXTENSIONS.has(name) && value !== null) info[name] = value;
  }
  return info;
}

/** The data of a CloudEvents envelope: `data`, or the bytes of `data_base64`, or `''` where there is none. */
export function eventData(envelope: CloudEvent): unknown {
  if (typeof envelope.data_base64 === 'string') return Buffer.from(envelope.data_base64, 'base64');
  return envelope.data === undefined ? '' : envelope.data;
}
