import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, connect as tlsConnect } from 'node:tls';
import t from 'tap';
import { parseServerHello, startTap } from '../../../bench/handshake.ts';
import { makeCA } from '../../../src/certificates.ts';

const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

/** A ServerHello in its record (RFC 8446 §4.1.3, §5.1). */
function hello(
  cipher: number,
  extensions: readonly (readonly [type: number, body: readonly number[]])[],
  random: Buffer = Buffer.alloc(32, 7),
): Buffer {
  const u16 = (value: number) => [value >> 8, value & 0xff];
  const list = extensions.flatMap(([type, body]) => [...u16(type), ...u16(body.length), ...body]);
  const body = [3, 3, ...random, 4, 1, 2, 3, 4, ...u16(cipher), 0, ...u16(list.length), ...list];
  const message = [2, 0, ...u16(body.length), ...body];
  return Buffer.from([22, 3, 3, ...u16(message.length), ...message]);
}
const TLS_1_3 = [43, [3, 4]] as const;
const share = (group: number) => [51, [group >> 8, group & 0xff, 0, 1, 9]] as const;

t.test('suite and group are what the ServerHello says (numbers: IANA TLS parameters)', async (t) => {
  for (const [cipher, group, words] of [
    [0x1301, 0x11ec, ['AES-128-GCM', 'X25519MLKEM768']],
    [0x1302, 0x001d, ['AES-256-GCM', 'X25519']],
    [0x1303, 0x0017, ['ChaCha20-Poly1305', 'P-256']],
    [0x1305, 0x0100, ['0x1305', '0x100']],
  ] as const) {
    const parsed = parseServerHello(hello(cipher, [TLS_1_3, share(group)]));
    t.same(parsed, { version: 'TLS 1.3', cipher: words[0], group: words[1], resumed: false });
  }
});

t.test('a pre-shared key is a resumption, with or without a key exchange', async (t) => {
  const psk = [41, [0, 0]] as const;
  t.match(parseServerHello(hello(0x1301, [TLS_1_3, share(0x1d), psk])), { resumed: true, group: 'X25519' });
  t.match(parseServerHello(hello(0x1301, [TLS_1_3, psk])), { resumed: true, group: '' });
});

t.test('a request to try again is not the answer; the next ServerHello is', async (t) => {
  const retry = hello(0x1301, [TLS_1_3, [51, [0, 0x17]]], RETRY_RANDOM);
  const changeCipherSpec = Buffer.from([20, 3, 3, 0, 1, 1]);
  t.equal(parseServerHello(Buffer.concat([retry, changeCipherSpec])), undefined);
  const all = Buffer.concat([retry, changeCipherSpec, hello(0x1302, [TLS_1_3, share(0x17)])]);
  t.match(parseServerHello(all), { cipher: 'AES-256-GCM', group: 'P-256' });
});

t.test('at every cut it waits for more; what is no handshake is nothing', async (t) => {
  const whole = hello(0x1301, [TLS_1_3, share(0x1d)]);
  for (let length = 0; length < whole.length; length++)
    t.equal(parseServerHello(whole.subarray(0, length)), undefined, `${length} bytes`);
  t.equal(parseServerHello(Buffer.from('17030300050000000000', 'hex')), null, 'application data');
  t.equal(parseServerHello(Buffer.from('160303000702000003ffffff', 'hex')), undefined, 'a torn ServerHello');
  const lying = Buffer.from(whole);
  lying[5 + 38] = 0xff;
  t.equal(parseServerHello(lying), null, 'a session id longer than the message');
});

t.test('the relay hears a real handshake and changes nothing', async (t) => {
  const ca = await makeCA('tap test CA');
  const { certPem, keyPem } = await ca.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });
  const server = createServer(
    { cert: certPem, key: keyPem, ciphers: 'TLS_AES_256_GCM_SHA384', ecdhCurve: 'X25519' },
    (socket) => void socket.pipe(socket),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tap = await startTap(() => (server.address() as AddressInfo).port);
  const socket = tlsConnect({ host: '127.0.0.1', port: tap.port, ca: ca.certPem });
  socket.end('through');
  const heard: Buffer[] = [];
  for await (const chunk of socket) heard.push(chunk as Buffer);
  t.equal(Buffer.concat(heard).toString(), 'through');
  t.same(tap.heard, [{ version: 'TLS 1.3', cipher: 'AES-256-GCM', group: 'X25519', resumed: false }]);
  await tap.close();
  server.close();
});
