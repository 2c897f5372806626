// ALPN (RFC 7301) and SNI (RFC 6066 §3): h2 and http/1.1, HTTP/1.1 for callers without ALPN (kubectl's upgrades), and a caller that has neither is told so
// with the alert that §3.2 asks for, as Go's servers do. Whatever name a caller asks for gets the one certificate: the Host line chooses the cluster.

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { exchangeRaw } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { ALERT, shakeHands } from './sclient.ts';

const { attack } = recordFacts('tls-alpn');
const upstream = await startUpstream();
const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

async function dial(more: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port: gate.port, host: '127.0.0.1', ca: gate.ca.certPem, ...more });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

/** The status of one request over a connection, in the protocol that was agreed on. */
async function statusOver(socket: TLSSocket): Promise<number> {
  const authorization = `Bearer ${await gate.token()}`;
  if (socket.alpnProtocol === 'h2') {
    const session = connectHttp2(`https://localhost:${gate.port}`, { createConnection: () => socket });
    const stream = session.request({ ':path': '/version', authorization });
    const [head] = await once(stream, 'response');
    session.destroy();
    return Number(head[':status']);
  }
  const lines = [
    'GET /version HTTP/1.1',
    'Host: gate',
    `Authorization: ${authorization}`,
    'Connection: close',
  ];
  const answer = await exchangeRaw(socket, `${lines.join('\r\n')}\r\n\r\n`);
  return Number(answer.toString('latin1').split(' ')[1]);
}

// [what a caller offers, what is agreed on; false without ALPN]
const AGREED: readonly (readonly [offers: string[], agreed: string | false])[] = [
  [['h2', 'http/1.1'], 'h2'], //             kubectl, and everything on client-go
  [['http/1.1', 'h2'], 'h2'], //             the server's preference counts
  [['h2'], 'h2'],
  [['http/1.1'], 'http/1.1'], //             curl --http1.1, Node, Python
  [[], false], //                            kubectl's exec, attach, port-forward
  [['spdy/3.1', 'http/1.1'], 'http/1.1'],
  [['h3', 'h2', 'http/1.1', 'http/1.0'], 'h2'],
];

for (const [offers, agreed] of AGREED)
  t.test(`ALPN ${offers.join(', ') || 'not sent'}: ${agreed || 'HTTP/1.1 without a word'}`, async (t) => {
    const socket = await dial({ ALPNProtocols: offers });
    t.equal(socket.alpnProtocol, agreed);
    t.equal(await statusOver(socket), 200);
  });

// Neither of ours: an alert, not a guess.
const REFUSED = ['http/1.0', 'h3', 'h2c', 'H2', 'HTTP/1.1', 'spdy/3.1', 'acme-tls/1', 'h2 ', 'x'.repeat(255)];

for (const offer of REFUSED)
  await attack(
    'TLS',
    `ALPN ${offer.slice(0, 20)} alone is refused with no_application_protocol`,
    async (t) => {
      const before = upstream.accepted();
      const counted = await gate.metric('postern_tls_handshake_errors_total{reason="alpn"}');
      const shaken = await shakeHands(gate.port, ['-alpn', offer]);
      t.match(shaken, { suite: '', alert: ALERT.noApplicationProtocol }, shaken.text);
      t.equal(await gate.metric('postern_tls_handshake_errors_total{reason="alpn"}'), counted + 1);
      t.equal(upstream.accepted(), before, 'nobody upstream');
    },
  );

// [how the name comes, options]; the certificate has localhost and 127.0.0.1.
const NAMES: readonly (readonly [what: string, more: ConnectionOptions])[] = [
  ['no name', { servername: '' }],
  ['the name of the certificate', { servername: 'localhost' }],
  ['a name that nobody has', { servername: 'nobody.example' }],
  ['a name in capitals', { servername: 'LOCALHOST' }],
  ['a name of 253 characters', { servername: `${'a.'.repeat(126)}a` }],
];

for (const [what, more] of NAMES)
  t.test(`SNI, ${what}: the one certificate, and requests are served`, async (t) => {
    const socket = await dial({ ...more, checkServerIdentity: () => undefined });
    t.equal(socket.getPeerCertificate().subject.CN, 'postern');
    t.equal(await statusOver(socket), 200);
  });
