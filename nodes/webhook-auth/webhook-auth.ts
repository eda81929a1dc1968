import type { Node, NodeAPI, NodeDef } from 'node-red';
import { systemClock } from '../shared/clock';
import { type Auth, type AuthConfig, type AuthCredentials, createAuth } from './auth';
import type { WebhookAuthNode } from './contract';

/** Registers the config node; the logic is in auth.ts. */
export default function (RED: NodeAPI): void {
  function WebhookAuth(this: Node<AuthCredentials>, config: NodeDef & AuthConfig): void {
    RED.nodes.createNode(this, config);
    const auth = createAuth(config, this.credentials ?? {}, systemClock);
    Object.assign(this, auth satisfies Pick<WebhookAuthNode, keyof Auth>);
    if (auth.problem) this.error(auth.problem);
  }
  RED.nodes.registerType<Node<AuthCredentials>, NodeDef & AuthConfig, NodeDef & AuthConfig, AuthCredentials>(
    'surewire-webhook-auth',
    WebhookAuth,
    { credentials: { secret: { type: 'password' }, previousSecret: { type: 'password' } } },
  );
}
