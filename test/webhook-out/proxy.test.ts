import assert from 'node:assert/strict';
import { type ProxyConfig, type ProxyOptions, proxyFor } from '../../nodes/webhook-out/proxy';

interface Row {
  title: string;
  url?: string;
  node?: ProxyConfig;
  env?: Record<string, string>;
  options?: ProxyOptions;
  expect: string | undefined;
}

const rows: Row[] = [
  { title: 'no proxy at all', expect: undefined },
  { title: 'http_proxy', env: { http_proxy: 'http://p:1' }, expect: 'http://p:1/' },
  { title: 'HTTP_PROXY', env: { HTTP_PROXY: 'http://p:1' }, expect: 'http://p:1/' },
  {
    title: 'lower case first',
    env: { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' },
    expect: 'http://low:1/',
  },
  {
    title: 'favourUpperCase',
    env: { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' },
    options: { favourUpperCase: true },
    expect: 'http://up:1/',
  },
  { title: 'lowerCaseOnly', env: { HTTP_PROXY: 'http://p:1' }, options: { lowerCaseOnly: true }, expect: undefined },
  {
    title: 'http_proxy does not serve https',
    url: 'https://a.example/',
    env: { http_proxy: 'http://p:1' },
    expect: undefined,
  },
  { title: 'https_proxy', url: 'https://a.example/', env: { https_proxy: 'http://p:1' }, expect: 'http://p:1/' },
  { title: 'all_proxy', env: { all_proxy: 'http://p:1' }, expect: 'http://p:1/' },
  { title: 'npm_config_proxy', env: { npm_config_proxy: 'http://p:1' }, expect: 'http://p:1/' },
  { title: 'excludeNpm', env: { npm_config_proxy: 'http://p:1' }, options: { excludeNpm: true }, expect: undefined },
  { title: 'a proxy without a scheme', env: { http_proxy: 'p:3128' }, expect: 'http://p:3128/' },
  { title: 'credentials in the variable', env: { http_proxy: 'http://u:s@p:1' }, expect: 'http://u:s@p:1/' },
  {
    title: 'no_proxy names it',
    env: { http_proxy: 'http://p:1', no_proxy: 'b.example, a.example' },
    expect: undefined,
  },
  { title: 'no_proxy *', env: { http_proxy: 'http://p:1', NO_PROXY: '*' }, expect: undefined },
  { title: 'no_proxy .suffix', env: { http_proxy: 'http://p:1', no_proxy: '.example' }, expect: undefined },
  { title: 'no_proxy *.suffix', env: { http_proxy: 'http://p:1', no_proxy: '*.example' }, expect: undefined },
  {
    title: 'no_proxy of another port',
    env: { http_proxy: 'http://p:1', no_proxy: 'a.example:81' },
    expect: 'http://p:1/',
  },
  { title: 'no_proxy of this port', env: { http_proxy: 'http://p:1', no_proxy: 'a.example:80' }, expect: undefined },
  { title: 'no_proxy is no substring', env: { http_proxy: 'http://p:1', no_proxy: 'example' }, expect: 'http://p:1/' },
  {
    title: 'the proxy node wins over the environment',
    node: { url: 'http://node:8', noproxy: [] },
    env: { http_proxy: 'http://p:1' },
    expect: 'http://node:8/',
  },
  {
    title: 'the proxy node exempts a host, whatever the environment says',
    node: { url: 'http://node:8', noproxy: ['a.example'] },
    env: { http_proxy: 'http://p:1' },
    expect: undefined,
  },
  {
    title: 'credentials of the proxy node',
    node: { url: 'http://node:8', noproxy: [], username: 'me@x', password: 'a:b' },
    expect: 'http://me%40x:a%3Ab@node:8/',
  },
];

describe('webhook out: which proxy', () => {
  for (const row of rows) {
    it(row.title, () => {
      const found = proxyFor(new URL(row.url ?? 'http://a.example/x'), row.node, row.env ?? {}, row.options);
      assert.equal(found?.href, row.expect);
    });
  }

  it('throws on an address that is none', () => {
    assert.throws(() => proxyFor(new URL('http://a.example/'), { url: 'http://', noproxy: [] }, {}), TypeError);
  });
});
