// Issue 8 §2: what the listener takes and what it refuses by default, asked by `openssl s_client`: TLS 1.3, and of 1.2 what has forward secrecy and
// authenticated encryption. Each refusal is an alert that says why, counts in postern_tls_handshake_errors_total, and reaches nobody upstream.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { eventually } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { ALERT, askOver, LENIENT, shakeHands, typeInto } from './sclient.ts';
import { type KeyKind, makeSelfSigned } from './selfsigned.ts';

const { attack } = recordFacts('tls-handshakes');
const upstream = await startUpstream();
const gates: Readonly<Record<KeyKind, TestGate>> = { ECDSA: await start('ECDSA'), RSA: await start('RSA') };

async function start(kind: KeyKind): Promise<TestGate> {
  const serving = await makeSelfSigned(kind);
  return startTestGate({
    upstreams: [{ name: 'prod', upstream }],
    config: { log: { level: 'debug' } },
    before: (dir) => {
      writeFileSync(join(dir, 'tls.crt'), serving.certPem);
      writeFileSync(join(dir, 'tls.key'), serving.keyPem);
    },
  });
}

t.teardown(async () => {
  await gates.ECDSA.stop();
  await gates.RSA.stop();
  await upstream.close();
});

const failures = (gate: TestGate, reason: string) =>
  gate.metric(`postern_tls_handshake_errors_total{reason="${reason}"}`);

// It says nothing for 15 s: begun first, looked at last.
const silent = connect(gates.ECDSA.port, '127.0.0.1');
silent.on('error', () => {});
const silentIsClosed = once(silent, 'close');

const ALL = `ALL:${LENIENT}`;
const TLS12 = ['-tls1_2', '-cipher'];
const TLS13 = ['-tls1_3', '-ciphersuites'];

// [what the caller offers, certificate, s_client's options, the suite]; order: RFC 8446 §4.1.1 and Go's crypto/tls, AES-128 first
const TAKEN: readonly (readonly [
  offers: string,
  kind: KeyKind,
  options: readonly string[],
  suite: string,
])[] = [
  ['everything', 'ECDSA', [], 'TLS_AES_128_GCM_SHA256'],
  [
    'AES-256 before AES-128',
    'ECDSA',
    [...TLS13, 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256'],
    'TLS_AES_128_GCM_SHA256',
  ],
  ['AES-256 only', 'ECDSA', [...TLS13, 'TLS_AES_256_GCM_SHA384'], 'TLS_AES_256_GCM_SHA384'],
  [
    'ChaCha20 first: no AES in hardware',
    'ECDSA',
    [...TLS13, 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'],
    'TLS_CHACHA20_POLY1305_SHA256',
  ],
  [
    'ChaCha20 last',
    'ECDSA',
    [...TLS13, 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'],
    'TLS_AES_256_GCM_SHA384',
  ],
  ['TLS 1.2, everything', 'ECDSA', [...TLS12, ALL], 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS 1.2, everything', 'RSA', [...TLS12, ALL], 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...(['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'] as const).flatMap((suite) =>
    (['ECDSA', 'RSA'] as const).map((kind) => {
      const name = `ECDHE-${kind}-${suite}`;
      return [`TLS 1.2, ${suite} only`, kind, [...TLS12, name], name] as const;
    }),
  ),
  [
    'TLS 1.2, AES-256 before AES-128',
    'RSA',
    [...TLS12, 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256'],
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
  [
    'TLS 1.2, RSA-PKCS1 signatures only (Java 8)',
    'RSA',
    [...TLS12, ALL, '-sigalgs', 'RSA+SHA256'],
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
  [
    'TLS 1.2, P-256 only (Java 8, Windows)',
    'RSA',
    [...TLS12, ALL, '-groups', 'P-256'],
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
];

for (const [offers, kind, options, suite] of TAKEN)
  t.test(`${kind} certificate, ${offers}: ${suite}`, async (t) => {
    const { suite: taken, text } = await shakeHands(gates[kind].port, options);
    t.equal(taken, suite, text);
  });

const { handshakeFailure, protocolVersion } = ALERT;
// [what the caller offers, certificate, s_client's options, alert, class of the metric]
const REFUSED: readonly (readonly [
  offers: string,
  kind: KeyKind,
  options: readonly string[],
  alert: number,
  reason: string,
])[] = [
  ['TLS 1.1', 'RSA', ['-tls1_1', '-cipher', ALL], protocolVersion, 'version'],
  ['TLS 1.0', 'RSA', ['-tls1', '-cipher', ALL], protocolVersion, 'version'],
  ['RSA key exchange: no forward secrecy', 'RSA', [...TLS12, 'kRSA'], handshakeFailure, 'suite'],
  ['finite field Diffie-Hellman', 'RSA', [...TLS12, 'DHE'], handshakeFailure, 'suite'],
  [
    'CBC with SHA-1',
    'RSA',
    [...TLS12, 'ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA'],
    handshakeFailure,
    'suite',
  ],
  [
    'CBC with SHA-1',
    'ECDSA',
    [...TLS12, 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA'],
    handshakeFailure,
    'suite',
  ],
  [
    'CBC with SHA-2',
    'RSA',
    [...TLS12, 'ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384'],
    handshakeFailure,
    'suite',
  ],
  [
    'CBC with SHA-2',
    'ECDSA',
    [...TLS12, 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384'],
    handshakeFailure,
    'suite',
  ],
  [
    'CCM, also with 8 bytes of tag',
    'ECDSA',
    [...TLS12, `AESCCM:AESCCM8:${LENIENT}`],
    handshakeFailure,
    'suite',
  ],
  ['ARIA', 'RSA', [...TLS12, 'ARIA'], handshakeFailure, 'suite'],
  ['Camellia', 'RSA', [...TLS12, 'CAMELLIA'], handshakeFailure, 'suite'],
  ['no authentication', 'RSA', [...TLS12, `aNULL:${LENIENT}`], handshakeFailure, 'suite'],
  ['no encryption', 'RSA', [...TLS12, `eNULL:${LENIENT}`], handshakeFailure, 'suite'],
  ['a shared secret', 'RSA', [...TLS12, 'PSK', '-psk', '1a2b3c'], handshakeFailure, 'suite'],
  ['TLS 1.3 with CCM', 'ECDSA', [...TLS13, 'TLS_AES_128_CCM_SHA256'], handshakeFailure, 'suite'],
  ['SHA-1 signatures', 'RSA', [...TLS12, ALL, '-sigalgs', 'RSA+SHA1'], handshakeFailure, 'suite'],
  ['SHA-1 signatures', 'ECDSA', [...TLS12, ALL, '-sigalgs', 'ECDSA+SHA1'], handshakeFailure, 'suite'],
  ['SHA-224 signatures', 'ECDSA', [...TLS12, ALL, '-sigalgs', 'ECDSA+SHA224'], handshakeFailure, 'suite'],
  ['a Brainpool curve', 'RSA', [...TLS12, ALL, '-groups', 'brainpoolP256r1'], handshakeFailure, 'suite'],
  ['TLS 1.3 with a finite field', 'ECDSA', ['-tls1_3', '-groups', 'ffdhe2048'], handshakeFailure, 'suite'],
];

for (const [offers, kind, options, alert, reason] of REFUSED)
  await attack('TLS', `${kind} certificate, ${offers} is refused with alert ${alert}`, async (t) => {
    const before = await failures(gates[kind], reason);
    const shaken = await shakeHands(gates[kind].port, options);
    t.match(shaken, { suite: '', alert }, shaken.text);
    t.equal(await failures(gates[kind], reason), before + 1);
    t.equal(upstream.accepted(), 0, 'nobody upstream');
  });

// RFC 8446 §4.2.7, RFC 9794: what OpenSSL 3.5 has. [group, taken]
const GROUPS: readonly (readonly [group: string, taken: boolean])[] = [
  ['X25519MLKEM768', true],
  ['SecP256r1MLKEM768', true],
  ['SecP384r1MLKEM1024', true],
  ['X25519', true],
  ['P-256', true],
  ['P-384', true],
  ['P-521', true],
  ['X448', false],
  ['MLKEM768', false],
  ['ffdhe3072', false],
];

for (const [ecdhCurve, taken] of GROUPS)
  t.test(`key exchange with ${ecdhCurve} is ${taken ? 'taken' : 'refused'}`, async (t) => {
    const socket = connectTls({
      port: gates.ECDSA.port,
      host: '127.0.0.1',
      ecdhCurve,
      rejectUnauthorized: false,
    });
    if (taken) await once(socket, 'secureConnect');
    else await t.rejects(once(socket, 'secureConnect'), { code: /HANDSHAKE_FAILURE$/ });
    socket.destroy();
  });

t.test('no renegotiation: whoever asks for it is told so', async (t) => {
  // A line with R makes s_client ask.
  t.match(await typeInto(gates.RSA.port, ['-tls1_2'], 'R\n'), /RENEGOTIATING[\s\S]*no renegotiation/);
});

t.test('no compression, no stapled OCSP answer, no early data', async (t) => {
  const { text } = await shakeHands(gates.RSA.port, ['-tls1_2', '-comp', '-status']);
  t.match(text, /^Compression: NONE$/m);
  t.match(text, /^OCSP response: no response sent$/m);
  t.match(await askOver(gates.RSA.port, ['-tls1_3']), /Resumption PSK[\s\S]*^ *Max Early Data: 0$/m);
});

// [what comes instead of a ClientHello, class of the metric]
const OTHERS: readonly (readonly [what: string, send: (socket: Socket) => void, reason: string])[] = [
  ['an HTTP request', (socket) => void socket.write('GET /api HTTP/1.1\r\nHost: gate\r\n\r\n'), 'plaintext'],
  ['an SSH greeting', (socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n'), 'plaintext'],
  ['half a record, then the end', (socket) => void socket.end(Buffer.from([22, 3, 1, 0, 200, 1])), 'closed'],
  ['nothing: a probe of a load balancer', (socket) => void socket.end(), 'closed'],
  ['a reset', (socket) => void socket.resetAndDestroy(), 'closed'],
];

for (const [what, send, reason] of OTHERS)
  await attack('TLS', `${what} ends the connection and is counted as ${reason}`, async (t) => {
    const before = await failures(gates.RSA, reason);
    const socket = connect({ port: gates.RSA.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.resume();
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    send(socket);
    await closed;
    await eventually(async () => (await failures(gates.RSA, reason)) === before + 1);
    t.equal(upstream.accepted(), 0, 'nobody upstream');
  });

t.test(
  'a caller that does not trust our certificate is counted, and at debug it can be seen who',
  async (t) => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const before = await failures(gates.RSA, 'certificate');
      const { text } = await shakeHands(gates.RSA.port, [version, '-verify_return_error']);
      t.match(text, /certificate verify failed/);
      await eventually(async () => (await failures(gates.RSA, 'certificate')) === before + 1);
    }
    t.match(await gates.RSA.logged(({ reason }) => reason === 'certificate'), {
      msg: 'TLS handshake failed',
      level: 'debug',
      peer: '127.0.0.1',
      cause: { code: /UNKNOWN_CA/ },
    });
  },
);

t.test('who says nothing is cut off after 15 s, and counted', async (t) => {
  await silentIsClosed;
  await eventually(async () => (await failures(gates.ECDSA, 'timeout')) === 1);
  t.equal(upstream.accepted(), 0, 'nobody upstream');
});
