import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../nodes/device-simulator/ledger';
import { freePort, root } from './support/node-red';

interface Started {
  child: ChildProcess;
  output: () => string;
  /** Waits until the output matches. */
  says: (pattern: RegExp) => Promise<void>;
}

async function start(...args: string[]): Promise<Started> {
  const env = { ...process.env, PORT: String(await freePort()), SUREWIRE_BUILT: '1' };
  const child = spawn(process.execPath, [path.join(root, 'scripts', 'start.mjs'), ...args], { cwd: root, env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const says = async (pattern: RegExp): Promise<void> => {
    for (const end = performance.now() + 50_000; performance.now() < end && !pattern.test(text); ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.match(text, pattern);
  };
  return { child, output: () => text, says };
}

describe('npm start', () => {
  it('shows the address, commands that get 202 and 401, and a live line; Ctrl-C ends it', async () => {
    const { child, output, says } = await start();
    try {
      await says(
        /^sent [1-9]\d*, refused \d+, duplicates dropped \d+, retries \d+, processed \d+, lost 0, doubled 0$/m,
      );
      assert.match(output(), /http:\/\/127\.0\.0\.1:\d+$/m);
      const commands = output().match(/^curl .*$/gm) ?? [];
      assert.equal(commands.length, 2);
      const answers: string[] = [];
      for (const command of commands) {
        const { stdout } = await promisify(execFile)('sh', ['-c', command]);
        answers.push(stdout.split('\r\n')[0] ?? '');
      }
      assert.match(answers[0]!, /^HTTP\/1\.1 202/);
      assert.match(answers[1]!, /^HTTP\/1\.1 401/);
    } finally {
      child.kill('SIGINT');
    }
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(code, 0);
  });

  it('--run: runs for a while, prints the report, and the exit code is the verdict', async () => {
    const { child, output } = await start('--run', '4');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0, output());
    const report = JSON.parse(/^\{[\s\S]*^\}/m.exec(output())?.[0] ?? '{}') as Report;
    assert.deepEqual([report.ok, report.lost, report.doubled, report.unexpected], [true, 0, 0, 0]);
    assert.ok(report.unique > 40);
  });

  it('refuses other arguments', async () => {
    const { child, output } = await start('--run', 'soon');
    const [code] = await once(child, 'exit');
    assert.equal(code, 2);
    assert.match(output(), /Usage/);
  });
});
