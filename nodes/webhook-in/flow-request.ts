import type { Arrival } from './front-door';
import type { WebhookInfo } from './message';
import type { Passed } from './walk';

/** What a flow that answers may want to know of the request: as core's `msg.req`, but credentials are masked. */
export function flowRequest(arrival: Arrival, webhook: WebhookInfo, events: Passed['events']) {
  return {
    method: webhook.method,
    url: webhook.path,
    originalUrl: webhook.path,
    path: webhook.path,
    params: webhook.params,
    query: webhook.query,
    headers: webhook.headers,
    ip: webhook.address,
    body: events.length === 1 ? events[0]?.payload : events.map(({ payload }) => payload),
    secure: (arrival.req.socket as { encrypted?: boolean }).encrypted === true,
  };
}
