// `npm test`: installs, builds, compiles the tests and runs every one of them. Arguments go to mocha; a file among them runs alone.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build, ensureInstalled, root, run } from './ensure.mjs';

ensureInstalled();
build();
rmSync(path.join(root, 'build'), { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json']);
const args = process.argv.slice(2);
if (!args.some((arg) => arg.endsWith('.js'))) args.push('build/test/**/*.test.js');
const mocha = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(mocha.status ?? 1);
