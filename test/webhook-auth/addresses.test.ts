import assert from 'node:assert/strict';
import fc from 'fast-check';
import { badAddress } from '../../nodes/webhook-auth/address-text';
import { readAddresses } from '../../nodes/webhook-auth/addresses';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { clockAt, goodAuth, head, verdict } from './support';

const NONE = { scheme: 'none' };
const check = (config: Record<string, unknown>, remote: string, forwarded?: string[]) =>
  goodAuth({ ...NONE, ...config }, {}).verifier.address(remote, forwarded);

describe('allow list', () => {
  const table: [allow: string, remote: string, allowed: boolean][] = [
    ['', '203.0.113.9', true],
    ['  , ', '203.0.113.9', true],
    ['10.0.0.1', '10.0.0.1', true],
    // A substring match would let these in.
    ['10.0.0.1', '10.0.0.12', false],
    ['10.0.0.1', '110.0.0.1', false],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['192.168.1.0/24, 10.0.0.1\n172.16.0.0/12\t::1', '172.31.0.1', true],
    ['192.168.1.0/24, 10.0.0.1\n172.16.0.0/12\t::1', '::1', true],
    ['192.168.1.0/24,10.0.0.1', '10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:0a01:0203', true],
    ['10.0.0.0/8', '0:0:0:0:0:ffff:10.1.2.3', true],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['2001:db8::/32', '2001:DB8:0:0::7', true],
    ['2001:db8::/32', '2001:db9::7', false],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1', true],
    ['fe80::1%eth0', 'fe80::1', true],
    ['fe80::/10', 'fe80::1%wlan0', true],
    ['10.0.0.0/8', 'not an address', false],
    ['10.0.0.0/8', '', false],
  ];
  for (const [allow, remote, allowed] of table) {
    it(`${JSON.stringify(allow)} ${allowed ? 'lets' : 'does not let'} ${remote || 'nobody'} in`, () => {
      assert.equal(check({ allow }, remote).allowed, allowed);
    });
  }

  for (const [field, text, bad] of [
    ['allow', '10.0.0.0/33', '10.0.0.0/33'],
    ['allow', '10.0.0.1 10.0.0.256', '10.0.0.256'],
    ['allow', '10.0.0', '10.0.0'],
    ['allow', '10.0.0.1/', '10.0.0.1/'],
    ['allow', '10.0.0.1/-1', '10.0.0.1/-1'],
    ['allow', '10.0.0.1/8/8', '10.0.0.1/8/8'],
    ['allow', 'example.com', 'example.com'],
    ['allow', '2001:db8::/129', '2001:db8::/129'],
    ['allow', '1.2.3.4;5.6.7.8', '1.2.3.4;5.6.7.8'],
    ['allow', '*', '*'],
    ['trustedProxies', '127.0.0.1, loopback', 'loopback'],
  ] as const) {
    it(`${field} ${JSON.stringify(text)} refuses everything and names the entry`, () => {
      const auth = createAuth({ ...NONE, [field]: text }, {}, clockAt(0));
      assert.ok(auth.problem!.startsWith(`${field}: "${bad}"`), auth.problem);
      assert.equal(verdict(auth.verifier, head('https://example.com/h')), 'misconfigured');
      assert.equal(badAddress(text), bad);
    });
  }

  it('the editor, which has no node:net, judges as the runtime does', () => {
    for (const [allow] of table) assert.equal(badAddress(allow), undefined, allow);
    const pieces = ':: : ::ffff: 0:0:0:0:0:ffff: ffff 10.0.0.1 1.2.3.256 %eth0 fe80 00000 . / [::1] x';
    const tails = '/0 /8 /32 /33 /96 /104 /128 /129 1:2:3:4:5:6:7 1:2:3:4:5:6';
    const piece = fc.constantFrom(...`${pieces} ${tails}`.split(' '));
    const entry = fc.array(fc.oneof(piece, fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(entry, (found) => {
        const text = found.join('');
        const judge = (): unknown => readAddresses(text, 'allow');
        if (badAddress(text) === undefined) assert.doesNotThrow(judge, text);
        else assert.throws(judge, /is no address/, text);
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });
});

describe('X-Forwarded-For', () => {
  const proxies = { trustedProxies: '10.0.0.0/8 ::1' };
  const table: [
    config: Record<string, unknown>,
    remote: string,
    forwarded: string[] | undefined,
    address: string,
    allowed?: boolean,
  ][] = [
    // Nobody is trusted by default, whatever the header says.
    [{}, '203.0.113.9', ['1.2.3.4'], '203.0.113.9'],
    [{ allow: '1.2.3.4' }, '203.0.113.9', ['1.2.3.4'], '203.0.113.9', false],
    [proxies, '203.0.113.9', ['1.2.3.4'], '203.0.113.9'],
    [proxies, '10.0.0.1', ['1.2.3.4'], '1.2.3.4'],
    [proxies, '10.0.0.1', undefined, '10.0.0.1'],
    // What the caller wrote itself stands to the left of what the proxy added.
    [proxies, '10.0.0.1', ['6.6.6.6, 1.2.3.4'], '1.2.3.4'],
    [proxies, '10.0.0.1', ['6.6.6.6', '1.2.3.4'], '1.2.3.4'],
    [proxies, '10.0.0.1', ['6.6.6.6, 1.2.3.4, 10.0.0.2'], '1.2.3.4'],
    [proxies, '10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    [proxies, '::ffff:10.0.0.1', [' 1.2.3.4 '], '1.2.3.4'],
    [proxies, '::1', ['2001:DB8::0:7'], '2001:db8::7'],
    [proxies, '10.0.0.1', ['1.2.3.4:5678'], '1.2.3.4'],
    [proxies, '10.0.0.1', ['[2001:db8::7]:443'], '2001:db8::7'],
    [proxies, '10.0.0.1', ['"[2001:db8::7]"'], '2001:db8::7'],
    [proxies, '10.0.0.1', ['::ffff:1.2.3.4'], '1.2.3.4'],
    [proxies, '10.0.0.1', [''], '10.0.0.1'],
    [proxies, '10.0.0.1', [','], '10.0.0.1'],
    // Garbage from the proxy: nobody further left can be believed.
    [proxies, '10.0.0.1', ['1.2.3.4, unknown'], '10.0.0.1'],
    [{ ...proxies, allow: '10.0.0.0/8' }, '10.0.0.1', ['1.2.3.4, unknown'], '10.0.0.1', false],
    [{ ...proxies, allow: '1.2.3.4' }, '10.0.0.1', ['1.2.3.4, 1.2.3.4 or so'], '10.0.0.1', false],
    [{ ...proxies, allow: '1.2.3.4' }, '10.0.0.1', ['9.9.9.9, 1.2.3.4'], '1.2.3.4', true],
    [{ ...proxies, allow: '1.2.3.4' }, '10.0.0.1', ['1.2.3.4, 9.9.9.9'], '9.9.9.9', false],
    [{ ...proxies, allow: '1.2.3.4' }, '10.0.0.1', [`${'x,'.repeat(5000)}1.2.3.4`], '1.2.3.4', true],
  ];
  for (const [config, remote, forwarded, address, allowed = true] of table) {
    it(`${JSON.stringify(config)} ${remote} ${JSON.stringify(forwarded)?.slice(0, 40)}: ${address}`, () => {
      assert.deepEqual(check(config, remote, forwarded), { address, allowed });
    });
  }
});
