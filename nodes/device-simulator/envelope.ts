import { type CloudEvent, type EventInfo, eventInfo } from '../shared/event';
import { deviceName } from './fleet';
import type { Outgoing } from './injector';
import { kindOf, type Profile } from './profiles';

/** A structured-mode CloudEvent, with the attributes in the order senders write them. */
export type Envelope = CloudEvent & { id: string; source: string; type: string; time: string; sequence: string };

/**
 * The CloudEvent of one sample. `sequence` is a string that sorts as the numbers do, as its extension asks
 * (https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md).
 */
export function envelope(profile: Profile, event: Outgoing, id: string): Envelope {
  return {
    specversion: '1.0',
    id,
    source: `/devices/${deviceName(event.device)}`,
    type: `surewire.reading.${kindOf(profile, event.device)}`,
    time: new Date(event.time).toISOString(),
    datacontenttype: 'application/json',
    sequence: String(event.seq).padStart(10, '0'),
    data: event.data,
  };
}

/** The message that webhook in makes of the event, as far as there is one without a request. */
export function message(event: Envelope, device: string, receivedAt: string): Record<string, unknown> {
  // Where there is no data, webhook in finds an empty body.
  return {
    payload: event.data === undefined ? '' : event.data,
    topic: event.type,
    event: info(event, device, receivedAt),
  };
}

/** `msg.event` of an envelope. */
export function info(event: Envelope, device: string, receivedAt?: string): EventInfo {
  return { ...eventInfo(event), device, ...(receivedAt !== undefined && { receivedAt }) };
}
