// Builds dist/ from nodes/: TypeScript to CommonJS, one folder a node, with the editor form, its script,
// the locales and the icon beside each node, because Node-RED looks for them only there.
// A folder that holds <folder>/<folder>.ts is a node; package.json's list of nodes follows from the folders.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => path.join(root, ...parts);

export const nodeNames = () =>
  readdirSync(at('nodes'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(at('nodes', entry.name, `${entry.name}.ts`)))
    .map((entry) => entry.name)
    .sort();

function compile(project) {
  const run = spawnSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at(project)], {
    stdio: 'inherit',
    cwd: root,
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}

/** The form, with the editor script of the same name in front of it, as one html file. */
function html(name) {
  const editor = at('nodes', name, `${name}.editor.ts`);
  const form = readFileSync(at('nodes', name, `${name}.html`), 'utf8');
  const script = buildSync({
    entryPoints: [editor],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
  }).outputFiles[0].text;
  return `<script type="text/javascript">\n${script}</script>\n\n${form}`;
}

function assemble(name) {
  const out = at('dist', name);
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, `${name}.html`), html(name));
  cpSync(at('nodes', name, 'locales'), path.join(out, 'locales'), { recursive: true });
  mkdirSync(path.join(out, 'icons'), { recursive: true });
  cpSync(at('icons', `${name}.svg`), path.join(out, 'icons', `${name}.svg`));
}

function listNodes(names) {
  const file = at('package.json');
  const text = readFileSync(file, 'utf8');
  const manifest = JSON.parse(text);
  manifest['node-red'].nodes = Object.fromEntries(names.map((name) => [name, `dist/${name}/${name}.js`]));
  const next = `${JSON.stringify(manifest, null, 2)}\n`;
  if (next !== text) writeFileSync(file, next);
}

rmSync(at('dist'), { recursive: true, force: true });
compile('tsconfig.json');
const names = nodeNames();
compile('tsconfig.editor.json');
for (const name of names) assemble(name);
listNodes(names);
