// What `npm start`, `npm test` and `npm run bench` share: install what the lockfile says where it is not there yet, then build.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const newer = (a, b) => statSync(path.join(root, a)).mtimeMs > statSync(path.join(root, b)).mtimeMs;

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

export function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(`Node.js >= 20 is needed, this is ${process.versions.node}.`);
    process.exit(1);
  }
  const mark = 'node_modules/.package-lock.json';
  if (existsSync(path.join(root, mark)) && !newer('package-lock.json', mark)) return;
  // NODE_ENV=production would leave the build tools out.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { shell: process.platform === 'win32' });
}

export function build() {
  run(process.execPath, ['scripts/build.mjs']);
}
