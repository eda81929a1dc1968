import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The repository, from build/test/support. */
export const root = path.resolve(__dirname, '..', '..', '..');

/** Which Node-RED the suite runs on: the package's name in node_modules, `node-red` (4.1) or `node-red-5`. */
export const nodeRedPackage = process.env.NODE_RED ?? 'node-red';

export type FlowNode = { id: string; type: string; [property: string]: unknown };
// biome-ignore lint/suspicious/noExplicitAny: a message is whatever the flow makes of it
export type Message = Record<string, any>;
export interface Status {
  fill?: string;
  shape?: string;
  text?: string;
}

export interface StartOptions {
  flows?: FlowNode[];
  /** Members of settings.js as JavaScript source, e.g. `{ httpNodeRoot: "'/api'" }`. */
  settings?: Record<string, string>;
  /** Lines in front of settings.js's module.exports. */
  preamble?: string;
  /** Reuse a user directory (kept by `stop({ keep: true })` or `kill()`). */
  userDir?: string;
  port?: number;
  execArgv?: string[];
  env?: Record<string, string>;
  /** Another launcher than Node-RED's own, e.g. an application that embeds it; gets `-u userDir -s settings.js` too. */
  script?: string;
  /** Wait for `flows:started` (default) or only for the port. */
  waitForFlows?: boolean;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Puts a tab in front and gives every node without `z` that tab and coordinates, so that it is not taken for a config node. */
export function flow(
  nodes: FlowNode[],
  configTypes: readonly string[] = ['surewire-webhook-auth', 'surewire-event-store', 'mqtt-broker'],
): FlowNode[] {
  const placed = nodes.map((node, index) =>
    node.z ||
    node.type === 'tab' ||
    node.type.startsWith('subflow') ||
    configTypes.includes(node.type) ||
    node.x === null
      ? node
      : { z: 'tab', x: 200, y: 40 + index * 40, wires: [], ...node },
  );
  return [{ id: 'tab', type: 'tab', label: 'test' }, ...placed];
}

/** A real Node-RED in a process of its own, with the package linked into its user directory and probes that report here. */
export class RunningNodeRed {
  readonly messages: { probe: string; msg: Message }[] = [];
  readonly statuses: { id: string; status: Status }[] = [];
  log = '';
  exitCode: number | null | undefined;
  #started = 0;
  #seq = 0;
  readonly #replies = new Map<number, (reply: { value?: unknown; error?: string }) => void>();
  readonly #watchers = new Set<() => void>();

  constructor(
    readonly child: ChildProcess,
    readonly port: number,
    readonly userDir: string,
  ) {
    const take = (chunk: Buffer): void => {
      this.log += chunk.toString();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('exit', (code) => {
      this.exitCode = code;
      this.#notify();
    });
    child.on('message', (message) => this.#take(message as Record<string, unknown>));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  #notify(): void {
    for (const watcher of Array.from(this.#watchers)) watcher();
  }

  #take(message: Record<string, unknown>): void {
    if (message.kind === 'message') this.messages.push({ probe: String(message.probe), msg: message.msg as Message });
    else if (message.kind === 'status')
      this.statuses.push({ id: String(message.id), status: (message.status ?? {}) as Status });
    else if (message.kind === 'flows:started') this.#started += 1;
    else if (message.kind === 'reply')
      this.#replies.get(message.seq as number)?.(message as { value?: unknown; error?: string });
    this.#notify();
  }

  /** Waits until `find` returns something truthy; looked at after everything the runtime reports, and every 50 ms. */
  async until<T>(what: string, find: () => T | undefined | false | null, timeoutMs = 15_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        clearInterval(poll);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        const found = find();
        if (found) {
          finish();
          resolve(found);
        } else if (this.exitCode !== undefined) {
          finish();
          reject(new Error(`Node-RED ended (${this.exitCode}) while waiting for ${what}\n${this.log.slice(-4000)}`));
        }
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`timed out waiting for ${what}\n${this.log.slice(-4000)}`));
      }, timeoutMs);
      const poll = setInterval(look, 50);
      this.#watchers.add(look);
      look();
    });
  }

  /** The messages a probe (by name, else id) has received. */
  seen(probe: string): Message[] {
    return this.messages.filter((entry) => entry.probe === probe).map((entry) => entry.msg);
  }

  /** Waits for the probe's n-th message (1 = first). */
  async message(probe: string, n = 1, timeoutMs?: number): Promise<Message> {
    return this.until(`message ${n} of ${probe}`, () => this.seen(probe)[n - 1], timeoutMs);
  }

  /** The node's status as it stands. */
  status(id: string): Status {
    return this.statuses.filter((entry) => entry.id === id).at(-1)?.status ?? {};
  }

  async statusWith(id: string, test: (status: Status) => boolean, timeoutMs?: number): Promise<Status> {
    return this.until(
      `a status of ${id}, now ${JSON.stringify(this.status(id))}`,
      () => test(this.status(id)) && this.status(id),
      timeoutMs,
    );
  }

  async command<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
    this.#seq += 1;
    const seq = this.#seq;
    return new Promise<T>((resolve, reject) => {
      this.#replies.set(seq, (reply) => {
        this.#replies.delete(seq);
        if (reply.error) reject(new Error(reply.error));
        else resolve(reply.value as T);
      });
      this.child.send({ command, seq, ...args });
    });
  }

  /** Hands a message to a node's input. */
  async inject(id: string, msg: Message): Promise<void> {
    await this.command('inject', { id, msg });
  }

  /** Deploys through the admin API and waits until the flows have started. */
  async deploy(flows: FlowNode[], type: 'full' | 'nodes' | 'flows' = 'full', adminRoot = ''): Promise<void> {
    const before = this.#started;
    const answer = await fetch(`${this.url}${adminRoot}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-deployment-type': type },
      body: JSON.stringify(flows),
    });
    if (answer.status >= 300) throw new Error(`deploy: ${answer.status} ${await answer.text()}`);
    await this.until('flows:started', () => this.#started > before);
  }

  async started(): Promise<void> {
    await this.until('flows:started', () => this.#started > 0, 30_000);
  }

  async #ended(): Promise<void> {
    if (this.exitCode === undefined) await once(this.child, 'exit');
  }

  async stop(options: { keep?: boolean } = {}): Promise<void> {
    if (this.exitCode === undefined) this.child.kill('SIGTERM');
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    await this.#ended();
    clearTimeout(hard);
    if (!options.keep) rmSync(this.userDir, { recursive: true, force: true });
  }

  /** kill -9; the user directory stays. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended();
  }
}

function settingsSource(port: number, options: StartOptions): string {
  const members: Record<string, string> = {
    uiHost: "'127.0.0.1'",
    uiPort: String(port),
    flowFile: "'flows.json'",
    credentialSecret: "'test'",
    nodesDir: JSON.stringify(path.join(root, 'test', 'support', 'nodes')),
    telemetry: '{ enabled: false }',
    editorTheme: '{ tours: false, palette: { catalogues: [] }, projects: { enabled: false } }',
    logging: "{ console: { level: 'info' } }",
    ...options.settings,
  };
  const body = Object.entries(members).map(([name, source]) => `  ${JSON.stringify(name)}: ${source},`);
  return `${options.preamble ?? ''}\nmodule.exports = {\n${body.join('\n')}\n};\n`;
}

/** Links the built package into a user directory, as an installation would. */
export function linkPackage(userDir: string): void {
  const scope = path.join(userDir, 'node_modules', '@surewire');
  mkdirSync(scope, { recursive: true });
  rmSync(path.join(scope, 'node-red-webhooks'), { force: true });
  symlinkSync(root, path.join(scope, 'node-red-webhooks'), 'junction');
}

export async function startNodeRed(options: StartOptions = {}): Promise<RunningNodeRed> {
  const userDir = options.userDir ?? mkdtempSync(path.join(tmpdir(), 'surewire-test-'));
  const port = options.port ?? (await freePort());
  linkPackage(userDir);
  writeFileSync(path.join(userDir, 'settings.js'), settingsSource(port, options));
  if (options.flows) writeFileSync(path.join(userDir, 'flows.json'), JSON.stringify(options.flows));
  const script = options.script ?? path.join(root, 'node_modules', nodeRedPackage, 'red.js');
  const child = fork(script, ['-u', userDir, '-s', path.join(userDir, 'settings.js')], {
    execArgv: options.execArgv ?? [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, NODE_RED_ENABLE_TOURS: 'false', ...options.env },
  });
  const red = new RunningNodeRed(child, port, userDir);
  try {
    if (options.waitForFlows !== false) await red.started();
    await red.until(
      'the port',
      () => red.log.includes('Server now running') || red.log.includes('embedded: listening'),
      30_000,
    );
  } catch (error) {
    // Nobody else knows of it, and its channel would keep the suite from ending.
    await red.stop();
    throw error;
  }
  return red;
}
