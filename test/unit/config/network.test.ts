import fc from 'fast-check';
import t from 'tap';
import { holdsEveryAddress, isHostName, parseCidr, parseHostPort } from '../../../src/config/network.ts';
import { holds } from '../../properties.ts';

const hostPorts: readonly (readonly [string, string, number] | readonly [string])[] = [
  ['0.0.0.0:8443', '0.0.0.0', 8443],
  ['[::1]:0', '::1', 0],
  [':8443', '', 8443],
  ['localhost:1', 'localhost', 1],
  ['gate.example.com:65535', 'gate.example.com', 65_535],
  ['127.0.0.1:65536'],
  ['127.0.0.1'],
  ['8443'],
  ['::1:8443'],
  ['[::1]'],
  ['[127.0.0.1]:80'],
  ['300.0.0.1:80'],
  ['https://gate:443'],
  ['a b:80'],
  [''],
];

t.test('host:port', async (t) => {
  for (const [text, host, port] of hostPorts) {
    t.strictSame(parseHostPort(text), host === undefined ? undefined : { host, port }, JSON.stringify(text));
  }
});

const ranges: readonly (readonly [string, string | undefined])[] = [
  ['10.0.0.0/8', 'ipv4 10.0.0.0/8'],
  ['127.0.0.1/8', 'ipv4 127.0.0.0/8'],
  ['192.0.2.7', 'ipv4 192.0.2.7/32'],
  ['fd00::/8', 'ipv6 fd00::/8'],
  ['2001:db8::1', 'ipv6 2001:db8::1/128'],
  ['2001:DB8:0:0:1::/64', 'ipv6 2001:db8::/64'],
  ['::1', 'ipv6 ::1/128'],
  ['::ffff:10.1.2.3/104', 'ipv4 10.0.0.0/8'],
  ['10.0.0.0/33', undefined],
  ['10.0.0/8', undefined],
  ['fd00::/129', undefined],
  ['fe80::1%eth0', undefined],
  ['10.0.0.0/', undefined],
  ['example.com', undefined],
  ['', undefined],
];

t.test('address ranges, host bits cleared', async (t) => {
  for (const [text, expected] of ranges) {
    const range = parseCidr(text);
    t.equal(
      range && `${range.family} ${range.address}/${range.prefixLength}`,
      expected,
      JSON.stringify(text),
    );
  }
});

t.test('ranges of everybody, under any name', async (t) => {
  for (const text of [
    '0.0.0.0/0',
    '1.2.3.4/0',
    '::/0',
    '::ffff:0:0/96',
    '::ffff:0.0.0.0/96',
    '::/1',
    '::/80',
  ]) {
    const range = parseCidr(text);
    t.ok(range && holdsEveryAddress(range), text);
  }
  for (const text of ['10.0.0.0/8', '0.0.0.0/1', 'fd00::/8', '::1', '8000::/1']) {
    const range = parseCidr(text);
    t.notOk(range && holdsEveryAddress(range), text);
  }
});

t.test('every address is a range that reads back as itself', async () => {
  holds(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const once = parseCidr(address);
      const twice = once && parseCidr(`${once.address}/${once.prefixLength}`);
      return twice !== undefined && JSON.stringify(once) === JSON.stringify(twice);
    }),
  );
});

t.test('host names', async (t) => {
  for (const text of ['a', 'prod.k8s.example.com', '10.0.0.1', 'xn--bcher-kva.example', '1a.example'])
    t.ok(isHostName(text), text);
  for (const text of [
    '',
    'A.example',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a_b',
    'a:80',
    '*.a',
    '[::1]',
    '1.2.3',
    'a/b',
  ])
    t.notOk(isHostName(text), text);
});
