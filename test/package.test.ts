import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './support/node-red';

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

describe('the package', () => {
  it('lists every node folder, and each listed file is built', () => {
    const folders = readdirSync(path.join(root, 'nodes')).filter((name) =>
      existsSync(path.join(root, 'nodes', name, `${name}.ts`)),
    );
    assert.deepEqual(Object.keys(manifest['node-red'].nodes).sort(), folders.sort());
    for (const file of Object.values<string>(manifest['node-red'].nodes)) {
      const html = readFileSync(path.join(root, file.replace(/\.js$/, '.html')), 'utf8');
      assert.ok(existsSync(path.join(root, file)), file);
      assert.match(html, /registerType\(\s*["']surewire-/, `${file}: a literal registerType call`);
    }
  });

  it('brings no more than six runtime dependencies', () => {
    assert.ok(Object.keys(manifest.dependencies).length <= 6);
  });
});
