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

  it("has what Node-RED's scorecard asks for", () => {
    assert.match(manifest.name, /^@[a-z]+\/node-red-/);
    assert.ok(manifest.keywords.includes('node-red'));
    assert.equal(manifest['node-red'].version, '>=4.1.0');
    assert.equal(manifest.engines.node, '>=20');
    assert.equal(manifest.license, 'Apache-2.0');
    for (const field of ['description', 'repository', 'bugs', 'homepage', 'author']) assert.ok(manifest[field], field);
    for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) assert.ok(existsSync(path.join(root, file)), file);
  });

  it('brings no more than six runtime dependencies', () => {
    assert.ok(Object.keys(manifest.dependencies).length <= 6);
  });
});
