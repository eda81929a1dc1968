import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** What a `tls-config` node adds to a connection. */
export type TlsOptions = SecureContextOptions & {
  servername?: string;
  ALPNProtocols?: string[];
  rejectUnauthorized?: boolean;
};

/** As core's proxy agents; more requests than this to one host wait for a free connection. */
const MAX_SOCKETS = 256;

/** Connections that are kept open between requests: one pool for direct ones and one for each proxy, made when first needed. */
export class Agents {
  readonly #pools = new Map<string, HttpAgent>();

  constructor(private readonly tls: TlsOptions | undefined) {}

  /** The agent for a URL; `proxy` as `proxyFor` says. */
  for(url: URL, proxy: URL | undefined): HttpAgent {
    const secure = url.protocol === 'https:';
    const key = `${url.protocol} ${proxy?.href ?? ''}`;
    let agent = this.#pools.get(key);
    if (!agent) {
      agent = proxy ? this.#proxied(secure, proxy) : this.#direct(secure);
      this.#pools.set(key, agent);
    }
    return agent;
  }

  #direct(secure: boolean): HttpAgent {
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
    return secure ? new HttpsAgent({ ...options, ...this.tls }) : new HttpAgent(options);
  }

  #proxied(secure: boolean, proxy: URL): HttpAgent {
    // Loaded on first use: most nodes never need a proxy.
    const { HttpProxyAgent, HttpsProxyAgent } = require('hpagent') as typeof import('hpagent');
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS, proxy };
    return secure ? new HttpsProxyAgent({ ...options, ...this.tls }) : new HttpProxyAgent(options);
  }

  /** Closes every connection, those in use too. */
  close(): void {
    for (const agent of this.#pools.values()) agent.destroy();
    this.#pools.clear();
  }
}
