import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { guardedLookup, isRefusedAddress } from '../../nodes/webhook-out/address-guard';

const refused = [
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  'fe80::1',
  'febf::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:0:a9fe:a9fe',
  '::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b::100.100.100.200',
  '::168.63.129.16',
  '::ffff:0:192.0.0.192',
  '2002:6464:64c8::1',
];
const allowed = [
  '127.0.0.1',
  '192.168.1.20',
  '169.253.255.255',
  '::1',
  'fec0::1',
  'fd00::1',
  '::ffff:7f00:1',
  '64:ff9b::100.100.100.201',
  '2002:6464:64c9::1',
  'a.example',
];

describe('webhook out: addresses that are never written to', () => {
  for (const address of refused) it(`refuses ${address}`, () => assert.equal(isRefusedAddress(address), true));
  for (const address of allowed) it(`allows ${address}`, () => assert.equal(isRefusedAddress(address), false));

  for (const text of [
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
  ]) {
    it(`sees through http://${text}`, () => {
      const host = new URL(`http://${text}/`).hostname.replace(/^\[|\]$/g, '');
      assert.equal(isRefusedAddress(host), true);
    });
  }
});

describe('webhook out: the guarded look-up', () => {
  const resolving =
    (found: LookupAddress[]): LookupFunction =>
    (_name, _options, callback) =>
      callback(null, found);
  type Result = { error: NodeJS.ErrnoException | null; address: string | LookupAddress[]; family: number | undefined };
  const look = (found: LookupAddress[], all: boolean): Promise<Result> =>
    new Promise((resolve) => {
      guardedLookup(resolving(found))('x.example', { all }, (error, address, family) =>
        resolve({ error, address, family }),
      );
    });
  const metadata = { address: '169.254.169.254', family: 4 };
  const neighbour = { address: 'fe80::2', family: 6 };
  const home = { address: '192.168.1.5', family: 4 };

  it('refuses a name with refused addresses alone, in both forms of the call', async () => {
    for (const all of [true, false]) {
      const { error } = await look([metadata, neighbour], all);
      assert.equal(error?.code, 'ADDRESS_REFUSED');
      assert.match(error?.message ?? '', /x\.example/);
    }
  });

  it('leaves refused addresses out of the others', async () => {
    assert.deepEqual(await look([neighbour, home], true), { error: null, address: [home], family: undefined });
    assert.deepEqual(await look([neighbour, home], false), { error: null, address: '192.168.1.5', family: 4 });
  });

  it('passes on that a name does not exist', async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const failing: LookupFunction = (_name, _options, callback) => callback(error, '', 0);
    const code = await new Promise((resolve) => {
      guardedLookup(failing)('x.example', {}, (failure) => resolve(failure?.code));
    });
    assert.equal(code, 'ENOTFOUND');
  });
});
