import t from 'tap';
import type { Cidr } from '../../../src/config/config.ts';
import { callerAddress } from '../../../src/proxy/address.ts';
import { compileTrusted } from '../../../src/trusted.ts';

const range = (text: string): Cidr => {
  const [address = '', length = ''] = text.split('/');
  return { address, prefixLength: Number(length), family: address.includes(':') ? 'ipv6' : 'ipv4' };
};
const trusted = compileTrusted(['10.0.0.0/8', 'fd00::/8'].map(range));

// CVE-2026-76835: trusted proxies default to everybody elsewhere; here to nobody.
t.test('with no range nobody is trusted', async (t) => {
  for (const address of ['127.0.0.1', '10.0.0.1', '::1', ''])
    t.equal(compileTrusted([])(address), false, address);
});

const peers: readonly [address: string, trusted: boolean][] = [
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.0.0.1', false],
  ['fd00::1', true],
  ['fe80::1', false],
  ['::ffff:11.0.0.1', false],
  ['', false],
  ['10.1.2', false],
  ['10.0.0.1, 10.0.0.2', false],
  ['localhost', false],
];
t.test('an address is judged as what it is, IPv4 in IPv6 as IPv4', async (t) => {
  for (const [address, expected] of peers) t.equal(trusted(address), expected, address);
});

// CVE-2026-16732: read from its end, never by hop count. [peer, X-Forwarded-For lines, the caller's address]
const rows: readonly [peer: string, lines: readonly string[], address: string][] = [
  ['192.0.2.1', [], '192.0.2.1'],
  ['192.0.2.1', ['203.0.113.1'], '192.0.2.1'],
  ['::ffff:192.0.2.1', [], '192.0.2.1'],
  ['10.0.0.1', [], '10.0.0.1'],
  ['10.0.0.1', ['203.0.113.1'], '203.0.113.1'],
  ['10.0.0.1', ['198.51.100.9, 203.0.113.1'], '203.0.113.1'],
  ['10.0.0.1', ['203.0.113.1, 10.0.0.2, 10.0.0.3'], '203.0.113.1'],
  ['10.0.0.1', ['203.0.113.1', '10.0.0.2'], '203.0.113.1'],
  ['10.0.0.1', ['10.0.0.3,10.0.0.2'], '10.0.0.3'],
  ['10.0.0.1', ['203.0.113.1, junk'], '10.0.0.1'],
  ['10.0.0.1', ['203.0.113.1, junk, 10.0.0.2'], '10.0.0.2'],
  ['10.0.0.1', ['203.0.113.1:443'], '10.0.0.1'],
  ['10.0.0.1', ['2001:db8::1'], '2001:db8::1'],
  ['10.0.0.1', [''], '10.0.0.1'],
  ['10.0.0.1', [',,,'], '10.0.0.1'],
  // As long as a request's lines may be.
  ['10.0.0.1', [','.repeat(1024 * 1024)], '10.0.0.1'],
  ['10.0.0.1', [`203.0.113.1${',10.0.0.2'.repeat(100_000)}`], '203.0.113.1'],
  ['10.0.0.1', ['127.0.0.1\r\nX: y'], '10.0.0.1'],
];
t.test('the caller is the first address from the end that is no trusted proxy', async (t) => {
  for (const [peer, lines, address] of rows) {
    const rawHeaders = lines.flatMap((value) => ['X-Forwarded-For', value]);
    t.equal(callerAddress(peer, rawHeaders, trusted), address, `${peer} ${lines}`.slice(0, 80));
  }
});
