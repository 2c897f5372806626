// field-lessons.md S38: an API server that cannot be verified gets nothing, on REST and on upgrades: 502 with a Status, a count in the metric, no second try in
// a weaker way. The gate runs with NODE_TLS_REJECT_UNAUTHORIZED=0, by which Node would verify nobody: that must not matter.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { caller, exchangeRaw, parseAnswers, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { EXEC, upgradeHead } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { makeSelfSigned } from '../tls/selfsigned.ts';
import { makeWrongPeers, startPeer, startPlainPeer, type WrongPeer } from './tlspeers.ts';

const { attack } = recordFacts('tls-upstream');

// kube-apiserver always has ECDHE with AES-128-GCM (Go's HTTP/2 server asks for it): who has less is none.
const rsa = await makeSelfSigned('RSA');
const weak = (wrong: string, ciphers: string): WrongPeer => ({
  wrong,
  caPem: rsa.certPem,
  tls: { cert: rsa.certPem, key: rsa.keyPem, maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` },
});
const wrongPeers = [
  ...(await makeWrongPeers()),
  weak('key exchange by RSA only', 'AES128-GCM-SHA256:AES256-SHA'),
  weak('CBC only', 'ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384'),
];

const ca = await makeCA('good CA');
const good = await ca.issue({ commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'] });
const named = await ca.issue({ commonName: 'kube-apiserver', dnsNames: ['kubernetes.default'] });
const elsewhere = await ca.issue({ commonName: 'kube-apiserver', ipAddresses: ['10.96.0.1'] });

interface Cluster {
  readonly name: string;
  readonly caPem: string;
  readonly tls: TlsOptions | undefined;
  readonly serverName?: string;
}
const tlsOf = ({ certPem, keyPem }: { certPem: string; keyPem: string }) => ({ cert: certPem, key: keyPem });
const clusters: readonly Cluster[] = [
  { name: 'good', caPem: ca.certPem, tls: tlsOf(good) },
  { name: 'named', caPem: ca.certPem, tls: tlsOf(named), serverName: 'kubernetes.default' },
  { name: 'elsewhere', caPem: ca.certPem, tls: tlsOf(elsewhere), serverName: '10.96.0.1' },
  { name: 'misnamed', caPem: ca.certPem, tls: tlsOf(good), serverName: 'kubernetes.default' },
  { name: 'misplaced', caPem: ca.certPem, tls: tlsOf(good), serverName: '10.96.0.1' },
  { name: 'plain', caPem: ca.certPem, tls: undefined },
  ...wrongPeers.map(({ caPem, tls }, i) => ({ name: `wrong-${i}`, caPem, tls })),
];
const peers = new Map(
  await Promise.all(
    clusters.map(
      async ({ name, tls }) => [name, await (tls === undefined ? startPlainPeer() : startPeer(tls))] as const,
    ),
  ),
);
const peerOf = (name: string) => {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(name);
  return peer;
};

const gate = await startGateProcess({
  env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  upstreams: clusters.map(({ name, caPem }) => ({
    name,
    upstream: { port: peerOf(name).port, ca: { ...ca, certPem: caPem } },
    match: { pathPrefix: `/${name}` },
  })),
  before: (dir) => {
    for (const { name, caPem, serverName } of clusters)
      if (serverName !== undefined)
        writeFileSync(join(dir, `${name}.kubeconfig`), kubeconfig(name, caPem, serverName));
  },
});
const call = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
t.teardown(async () => {
  call.close();
  await gate.stop();
  for (const peer of peers.values()) await peer.close();
});

function kubeconfig(name: string, caPem: string, serverName: string): string {
  const data = Buffer.from(caPem).toString('base64');
  const server = `https://127.0.0.1:${peerOf(name).port}`;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server, 'certificate-authority-data': data, 'tls-server-name': serverName } },
    ],
    users: [{ name: 'u', user: { token: 'gate-own-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

const errors = (name: string) => gate.metric(`postern_upstream_errors_total{cluster="${name}",reason="tls"}`);

for (const name of ['good', 'named', 'elsewhere'])
  t.test(`${name}: one that is as the kubeconfig says is believed`, async (t) => {
    const headers = ['authorization', `Bearer ${await gate.token()}`];
    t.equal((await call.call({ path: `/${name}/version`, headers })).status, 200);
    t.match(peerOf(name).heard(), /^GET \/version HTTP\/1\.1\r\n/);
    t.match(peerOf(name).heard(), /Bearer gate-own-token/);
  });

const REFUSED: readonly (readonly [wrong: string, name: string])[] = [
  ['another name than tls-server-name', 'misnamed'],
  ['another address than tls-server-name', 'misplaced'],
  ['no TLS at all', 'plain'],
  ...wrongPeers.map(({ wrong }, i) => [wrong, `wrong-${i}`] as const),
];

for (const [wrong, name] of REFUSED) {
  await attack('S38', `an API server with ${wrong}: 502, and it hears nothing`, async (t) => {
    const authorization = `Bearer ${await gate.token()}`;
    for (const method of ['GET', 'POST']) {
      const before = await errors(name);
      const body = method === 'GET' ? {} : { body: Buffer.from('{"kind":"Pod"}') };
      const reply = await call.call({
        method,
        path: `/${name}/api/v1/pods`,
        headers: ['authorization', authorization],
        ...body,
      });
      t.match(refusalOf(reply), { http: 502, kind: 'Status', code: 502, cause: 'UPSTREAM_TLS' }, method);
      t.equal(await errors(name), before + 1);
    }
    for (const protocol of ['websocket', 'spdy'] as const) {
      const before = await errors(name);
      const head = upgradeHead(protocol, `/${name}${EXEC}`, [`Authorization: ${authorization}`]);
      const [answer] = parseAnswers(await exchangeRaw(await gate.connect(), head));
      t.match(answer, { status: 502, body: /UPSTREAM_TLS/ }, protocol);
      t.equal(await errors(name), before + 1);
    }
    const peer = peerOf(name);
    t.equal(peer.accepted(), 4, 'one connection for each request: nothing was tried again');
    // Who speaks no TLS hears our side of a handshake: of the request and of the credential nothing.
    if (name === 'plain') t.equal(peer.heard().charCodeAt(0), 22, 'handshakes only');
    else t.equal(peer.heard(), '');
    t.notMatch(peer.heard(), /HTTP\/1\.1|gate-own-token|Impersonate/);
  });
}

const cluster = { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': true };
// [what the kubeconfig's cluster says, why it is refused]
const UNSAFE: readonly (readonly [cluster: object, why: RegExp])[] = [
  [cluster, /insecure-skip-tls-verify/],
  [
    { ...cluster, 'certificate-authority-data': Buffer.from(ca.certPem).toString('base64') },
    /insecure-skip-tls-verify/,
  ],
  [{ server: 'http://127.0.0.1:8080' }, /https/],
  [{ server: 'https://127.0.0.1:6443', 'proxy-url': 'http://127.0.0.1:3128' }, /proxy-url/],
];

for (const [unsafe, why] of UNSAFE)
  await attack('S38', `a kubeconfig with ${JSON.stringify(unsafe).slice(0, 80)} is not taken`, async (t) => {
    const upstream = await startUpstream();
    t.teardown(() => upstream.close());
    const starting = startTestGate({
      upstreams: [{ name: 'prod', upstream }],
      before: (dir) =>
        writeFileSync(
          join(dir, 'prod.kubeconfig'),
          JSON.stringify({
            clusters: [{ name: 'c', cluster: unsafe }],
            users: [{ name: 'u', user: { token: 'x' } }],
            contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
            'current-context': 'x',
          }),
        ),
    });
    await t.rejects(starting, { message: why });
    t.equal(upstream.accepted(), 0);
  });
