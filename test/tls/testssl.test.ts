// Issue 8 §2: testssl.sh finds nothing above INFO, except what comes from a self-signed test certificate. All variants run beside each other:
// most of a run is waiting. A default run is everything but two lists of ciphers that it asks in other ways as well (-E, -g); --fast would leave
// out questions.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { type GateProcessOptions, startGateProcess } from '../fakes/gateprocess.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { shakeHands } from './sclient.ts';
import { type KeyKind, makeSelfSigned } from './selfsigned.ts';
import { complaintsIn, type Finding, findTestssl, runTestssl } from './testssl.ts';

const { add } = recordFacts('tls-testssl');
const program = findTestssl();
t.setTimeout(10 * 60_000);

/** [id, severity, what it says, why it is there]; each has to come, or the row goes. */
const OF_THE_CERTIFICATE: readonly (readonly [id: string, severity: string, says: RegExp, why: string])[] = [
  ['cert_chain_of_trust', 'CRITICAL', /self signed/, 'nobody else signed it'],
  ['cert_revocation', 'HIGH', /^Neither CRL nor OCSP URI provided$/, 'nobody could revoke it'],
];
/**
 * Questions that testssl.sh may fail to ask (WARN), which says nothing of the listener: its OpenSSL has no GOST, which nobody offers here; and it hangs up
 * before it has read the ticket of TLS 1.3 when the machine is busy (tickets.test.ts asks that).
 */
const OF_THE_SCANNER: ReadonlySet<string> = new Set(['engine_problem', 'sessionresumption_ticket']);

/** Answers that a whole run has, each from another part of testssl.sh: a run that was cut short would show nothing bad either. */
const ASKED = [
  ...[
    'SSLv2',
    'SSLv3',
    'TLS1',
    'TLS1_1',
    'ALPN',
    'cipherlist_NULL',
    'cipherlist_AVERAGE',
    'cipherlist_3DES_IDEA',
  ],
  ...[
    'PFS',
    'cipher_order',
    'TLS_session_ticket',
    'cert_keySize',
    'HSTS_time',
    'heartbleed',
    'CCS',
    'ticketbleed',
    'ROBOT',
  ],
  ...['secure_renego', 'secure_client_renego', 'CRIME_TLS', 'BREACH', 'POODLE_SSL', 'fallback_SCSV', 'FREAK'],
  ...['DROWN', 'LOGJAM', 'BEAST', 'LUCKY13', 'RC4', 'clientsimulation-go_1178', 'scanTime'],
];

const clients = await makeCA('clients');

interface Variant {
  readonly name: string;
  readonly key: KeyKind;
  readonly options?: Pick<GateProcessOptions, 'listen' | 'authentication'>;
  /** What it answers to some questions, so that it is known to be the variant. */
  readonly answers: Readonly<Record<string, RegExp>>;
}

const TLS_12_ECDSA =
  /^ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305$/;
const TLS_12_RSA = /^ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305$/;
const TLS_13 = /^TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256$/;
const files = { certFile: 'tls.crt', keyFile: 'tls.key' };

const VARIANTS: readonly Variant[] = [
  {
    name: 'as it is by default, ECDSA certificate',
    key: 'ECDSA',
    answers: { cipherorder_TLSv1_2: TLS_12_ECDSA, cipherorder_TLSv1_3: TLS_13, TLS1_2: /^offered$/ },
  },
  {
    name: 'as it is by default, RSA certificate',
    key: 'RSA',
    answers: { cipherorder_TLSv1_2: TLS_12_RSA, cipherorder_TLSv1_3: TLS_13, ROBOT: /no RSA key transport/ },
  },
  {
    name: 'minVersion: VersionTLS13',
    key: 'ECDSA',
    options: { listen: { tls: { ...files, minVersion: 'VersionTLS13' } } },
    answers: { TLS1_2: /^not offered/, cipherorder_TLSv1_3: TLS_13 },
  },
  {
    name: 'client certificates asked for',
    key: 'ECDSA',
    options: {
      listen: { tls: files, clientCAFile: 'clients.crt' },
      authentication: { clientCertificates: { enabled: true } },
    },
    answers: { cipherorder_TLSv1_2: TLS_12_ECDSA },
  },
];

const upstream = await startUpstream();
t.teardown(() => upstream.close());

interface Asked {
  readonly findings: readonly Finding[];
  /** Whether the listener asks for a client certificate, which testssl.sh does not tell. */
  readonly asks: boolean;
}

async function ask({ key, options }: Variant): Promise<Asked> {
  const serving = await makeSelfSigned(key);
  const gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    ...options,
    before: (dir) => {
      writeFileSync(join(dir, 'tls.crt'), serving.certPem);
      writeFileSync(join(dir, 'tls.key'), serving.keyPem);
      writeFileSync(join(dir, 'clients.crt'), clients.certPem);
    },
  });
  try {
    const { text } = await shakeHands(gate.port, []);
    return { findings: await runTestssl(program, gate.port), asks: /^CN = clients$/m.test(text) };
  } finally {
    await gate.stop();
  }
}

const runs = VARIANTS.map((variant) => ({ variant, running: ask(variant) }));
for (const { running } of runs) running.catch(() => {});

for (const { variant, running } of runs)
  t.test(`testssl.sh, ${variant.name}: nothing above INFO but what the certificate is`, async (t) => {
    const { findings, asks } = await running;
    t.equal(
      asks,
      variant.options?.listen?.['clientCAFile'] !== undefined,
      'whether it asks for certificates',
    );
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    for (const id of ASKED) t.ok(byId.has(id), `${id} was asked`);
    for (const [id, answer] of Object.entries(variant.answers)) t.match(byId.get(id)?.finding, answer, id);

    const complaints = complaintsIn(findings).filter(
      ({ id, severity }) => severity !== 'WARN' || !OF_THE_SCANNER.has(id),
    );
    const excused = complaints.filter(({ id }) => OF_THE_CERTIFICATE.some(([known]) => known === id));
    add('tls', [variant.name, findings.length, complaints.length, excused.length]);
    t.same(
      complaints.filter((complaint) => !excused.includes(complaint)),
      [],
      'nothing of the listener',
    );
    for (const [id, severity, says, why] of OF_THE_CERTIFICATE)
      t.match(byId.get(id), { severity, finding: says }, `${id}: ${why}`);
  });

t.test('nothing of all that reached the API server', async (t) => {
  await Promise.allSettled(runs.map(({ running }) => running));
  t.equal(upstream.accepted(), 0);
});

t.test('without testssl.sh the error says what to install', async (t) => {
  t.throws(() => findTestssl('/nowhere'), /apt-get install testssl\.sh/);
});
