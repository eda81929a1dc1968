import assert from 'node:assert/strict';
import { Claims } from '../../nodes/webhook-in/claims';
import { compilePath } from '../../nodes/webhook-in/paths';

describe('paths', () => {
  for (const [pattern, path, params] of [
    ['/hooks/door', '/hooks/door', {}],
    ['hooks/door', '/hooks/door', {}],
    ['/hooks/door', '/HOOKS/Door/', {}],
    ['/hooks/door/', '/hooks/door', {}],
    ['/hooks/door', '/hooks/door/x', undefined],
    ['/hooks/door', '/hooks//door', undefined],
    ['/hooks/door', '/hooks%2fdoor', undefined],
    ['/hooks/door', '/x/../hooks/door', undefined],
    ['/hooks/:device', '/hooks/door-1', { device: 'door-1' }],
    ['/hooks/:device', '/hooks/a%2Fb%20c', { device: 'a/b c' }],
    ['/hooks/:device', '/hooks/%zz', undefined],
    ['/hooks/:device', '/hooks/', undefined],
    ['/hooks/:device', '/hooks/a/b', undefined],
    ['/hooks/:site/:device', '/hooks/a/b/', { site: 'a', device: 'b' }],
    ['/hooks/:device?', '/hooks', {}],
    ['/hooks/:device?', '/hooks/x', { device: 'x' }],
    ['/hooks/:device.json', '/hooks/x.json', { device: 'x' }],
    ['/hooks/*', '/hooks/a/b/c', { 0: 'a/b/c' }],
    ['/hooks/*/end', '/hooks/a/b/end', { 0: 'a/b' }],
    ['/:from-:to', '/a-b', { from: 'a', to: 'b' }],
    ['/:from-:to', '/a-b-c', { from: 'a-b', to: 'c' }],
    ['/:from-:to?', '/a-', { from: 'a' }],
    ['/:name.:kind/:x', '/a.b/c', { name: 'a', kind: 'b', x: 'c' }],
    ['/', '/', {}],
    ['/a+b', '/a+b', {}],
    // Senders write what is not ASCII as percent-encoded UTF-8, in hex of either case.
    ['/hooks/t\u00fcr', '/hooks/t%C3%BCr', {}],
    ['/hooks/t\u00fcr', '/Hooks/T%c3%bcr/', {}],
    ['/hooks/t\u00fcr', '/hooks/tur', undefined],
    ['/t\u00fcr/:id', '/t%c3%BCr/%C3%BC', { id: '\u00fc' }],
    ['/:id-\u00fc-:x', '/1-%C3%BC-2', { id: '1', x: '2' }],
    ['/hooks/t%C3%BCr', '/hooks/t%c3%bcr', {}],
    ['/\u6238/*', '/%E6%88%B8/a', { 0: 'a' }],
    ['/a+b', '/aab', undefined],
  ] as const) {
    it(`${pattern} against ${path}`, () => assert.deepEqual(compilePath(pattern).match(path), params));
  }

  for (const bad of ['', '  ', '/a b', '/a?x=1', '/a//b', '/:', '/:a/:a', '/a(b)', '/#x', '/:a:b', '/*:a', '/*/a/*']) {
    it(`refuses ${JSON.stringify(bad)} and names the field`, () =>
      assert.throws(() => compilePath(bad), /^ConfigError: path: expected/));
  }

  for (const [pattern, path] of [
    ['/:a/:b/:c/:d/x', `/${'a/'.repeat(50_000)}`],
    ['/:a-:b-:c-:d', `/${'a-'.repeat(50_000)}/x/`],
    ['/:a.:b-:c', `/${'a-.'.repeat(50_000)}/x/`],
    ['/*-:b-:c', `/${'a-'.repeat(50_000)}//`],
    ['/*/:b/:c', `/${'a/'.repeat(50_000)}/`],
  ] as const) {
    it(`${pattern} takes linear time over a hostile path`, () =>
      assert.equal(compilePath(pattern).match(path), undefined));
  }
});

describe('claims', () => {
  const claim = (nodeId: string, path: string, methods = ['POST'], closing = false) => ({
    nodeId,
    pattern: compilePath(path),
    methods,
    handler: nodeId,
    closing,
    statuses: {},
  });

  it('finds literal paths before patterns, and says which methods there are', () => {
    const claims = new Claims<string>();
    claims.claim(claim('pattern', '/hooks/:device'));
    claims.claim(claim('literal', '/hooks/door', ['PUT']));
    assert.deepEqual((claims.find('PUT', '/hooks/door') as { claim: { nodeId: string } }).claim.nodeId, 'literal');
    assert.deepEqual((claims.find('POST', '/hooks/door') as { claim: { nodeId: string } }).claim.nodeId, 'pattern');
    const { allow, holder } = claims.find('GET', '/hooks/door') as { allow: string[]; holder: { nodeId: string } };
    assert.deepEqual([allow, holder.nodeId], [['PUT', 'POST'], 'literal']);
    assert.equal(claims.find('GET', '/other'), undefined);
  });

  it('gives a path to one node: the second is told who holds it, unless the first is closing', () => {
    const claims = new Claims<string>();
    const first = claim('first', '/hooks/:a');
    assert.equal(claims.claim(first), undefined);
    assert.equal(claims.claim(claim('second', '/Hooks/:b/')), 'first');
    assert.equal(claims.claim(claim('third', '/hooks/:b', ['PUT'])), undefined);
    first.closing = true;
    assert.equal(claims.claim(claim('second', '/hooks/:b')), undefined);
    assert.equal(claims.size, 2);
  });

  it('forgets what closed and was not replaced', () => {
    const claims = new Claims<string>();
    claims.claim(claim('a', '/a', ['POST'], true));
    claims.claim(claim('b', '/:b', ['POST'], true));
    claims.sweep();
    assert.equal(claims.size, 0);
  });
});
