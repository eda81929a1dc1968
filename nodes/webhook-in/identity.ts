import type { EventInfo } from '../shared/event';
import { compileTemplate, type Template, type TemplateParts } from '../shared/template';
import type { IdentityDefaults } from '../webhook-auth/contract';

/** The fields of the node that name an event; blank or undefined = the default. */
export interface IdentityFields {
  eventId?: string | undefined;
  eventType?: string | undefined;
  device?: string | undefined;
}

/**
 * Completes an event's attributes with id, type and device.
 * @param info its CloudEvents attributes; empty where it is no CloudEvent
 * @param alone whether the request holds this event only: what names the request does not name one event of several
 */
export type Identify = (info: EventInfo, parts: TemplateParts, alone: boolean) => EventInfo;

/** Where a value comes from: the maker's template alone, else the CloudEvents attribute, else the first default that is complete. */
interface Rule {
  own: Template | undefined;
  defaults: readonly Template[];
}

function rule(field: keyof IdentityFields, text: string | undefined, defaults: readonly string[] = []): Rule {
  const own = (text ?? '').trim();
  try {
    return { own: own === '' ? undefined : compileTemplate(own), defaults: defaults.map(compileTemplate) };
  } catch (error) {
    throw new Error(`${field}: ${(error as Error).message}`);
  }
}

function render(
  { own, defaults }: Rule,
  present: string | undefined,
  parts: TemplateParts,
  usable: (template: Template) => boolean = () => true,
) {
  if (own) return usable(own) ? own.render(parts) : undefined;
  if (present !== undefined) return present;
  for (const template of defaults) {
    const text = usable(template) ? template.render(parts) : undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * The device a CloudEvent speaks of: its extension attribute `device`, else the last segment of its source
 * (`/devices/door-1` is `door-1`).
 */
export function deviceOf(info: EventInfo): string | undefined {
  if (typeof info.device === 'string' && info.device !== '') return info.device;
  // By splitting, not by a pattern that looks for the end: that one would take quadratic time over a long source.
  const segment = info.source?.split('/').findLast((part) => part !== '');
  if (segment === undefined) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * Compiles the templates that name events. Blank: the CloudEvents attributes first, then what the scheme's senders do, and
 * for the device last the path's parameter `device`.
 * @throws Error that names the field
 */
export function compileIdentity(fields: IdentityFields, scheme: IdentityDefaults): Identify {
  const id = rule('eventId', fields.eventId, scheme.eventId);
  const type = rule('eventType', fields.eventType, scheme.eventType);
  const device = rule('device', fields.device, [...(scheme.device ?? []), '{p:device}']);
  return (info, parts, alone) => {
    const named: EventInfo = { ...info };
    const set = (name: 'id' | 'type' | 'device', value: string | undefined): void => {
      if (value !== undefined) named[name] = value;
      else if (name in named) delete named[name];
    };
    set(
      'id',
      render(id, info.id, parts, (template) => alone || template.readsEvent),
    );
    set('type', render(type, info.type, parts));
    set('device', render(device, deviceOf(info), parts));
    // Only this node says so; a sender's attribute of that name would be a lie.
    if ('redelivered' in named) delete named.redelivered;
    return named;
  };
}
