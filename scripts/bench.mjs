// `npm run bench [-- name ...]`: runs the benches (all, or those named) one after another, each in a process of its own, and prints one table.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { build, ensureInstalled, root, run } from './ensure.mjs';

ensureInstalled();
build();
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json']);

const folder = path.join(root, 'build', 'test', 'bench');
const wanted = process.argv.slice(2);
const files = readdirSync(folder).filter(
  (file) => file.endsWith('.bench.js') && (wanted.length === 0 || wanted.includes(file.replace('.bench.js', ''))),
);

function rowsOf(file) {
  return new Promise((resolve, reject) => {
    const source = `import(${JSON.stringify(path.join(folder, file))}).then(async (m) => { process.send(await (m.run ?? m.default.run)()); process.disconnect(); }).catch((e) => { console.error(e); process.exit(1); });`;
    const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let rows;
    child.on('message', (message) => {
      rows = message;
    });
    child.on('exit', (code) => (rows ? resolve(rows) : reject(new Error(`${file} ended with ${code}`))));
  });
}

const number = (value) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2));
console.log(`Node.js ${process.versions.node}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`);
let missed = 0;
for (const file of files) {
  console.log(`\n| ${file.replace('.bench.js', '')} | value | target | |\n|---|---|---|---|`);
  for (const { scenario, value, unit, target, met, note } of await rowsOf(file)) {
    if (met === false) missed += 1;
    console.log(
      `| ${scenario} | ${value === undefined ? 'none' : `${number(value)} ${unit}`} | ${target ?? ''} | ${[met === undefined ? '' : met ? 'met' : 'MISSED', note ?? ''].filter(Boolean).join('; ')} |`,
    );
  }
}
console.log(missed === 0 ? '\nEvery target is met.' : `\n${missed} target(s) missed.`);
