// Certificates are replaced while 200 sessions stream: the gate's own, with a broken pair in between, those between gate and API server, the issuer's.
// Expected: sessions notice nothing, new handshakes have the new one, what is broken changes nothing and is told.

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type CertificateAuthority, type CertificatePair, makeCA } from '../../src/certificates.ts';
import { caller } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { openExec } from './ground.ts';
import { comesBack } from './holding.ts';
import { type Streams, startStreams } from './streams.ts';

const facts = recordFacts('chaos-certificates');
const SESSIONS = 200;
/** Files are looked at each second, and a change counts when it looks the same twice; after a refusal it is tried again each 5 s. ms */
const TAKEN_UP_MS = 10_000;
const REFUSED = 'configuration refused, the running one stays';
const TAKEN_UP = 'configuration taken up';

/** An API server that asks for the gate's certificate, and whose upgrades echo. */
interface ApiServer {
  readonly port: number;
  /** The common names of the certificates that connections came with, in their order. */
  readonly clients: string[];
  /** Requests that came. */
  asked(): number;
  /** What it shows to connections from now on. */
  present(pair: CertificatePair): void;
  close(): Promise<void>;
}

async function startApiServer(pair: CertificatePair, clientCA: string): Promise<ApiServer> {
  const contextOf = ({ certPem, keyPem }: CertificatePair) => ({ cert: certPem, key: keyPem, ca: clientCA });
  const clients: string[] = [];
  let asked = 0;
  const server = createServer({ ...contextOf(pair), requestCert: true }, (_, response) => {
    asked++;
    response.end('{}');
  });
  server.on('secureConnection', (socket) => clients.push(String(socket.getPeerCertificate().subject.CN)));
  server.on('upgrade', (request, socket) => {
    asked++;
    socket.on('error', () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    asked: () => asked,
    present: (next) => server.setSecureContext(contextOf(next)),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const SERVER = { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'] };
const [oldCA, newCA, clientCA] = (await Promise.all(
  ['old', 'new', 'clients'].map((name) => makeCA(name)),
)) as [CertificateAuthority, CertificateAuthority, CertificateAuthority];
let api: ApiServer;
let issuer: Issuer;
let gate: GateProcess;
let streams: Streams;
let before: Awaited<ReturnType<GateProcess['holdings']>>;

const path = (name: string) => join(gate.files.dir, name);
const lay = (name: string, { certPem, keyPem }: CertificatePair, dir = gate.files.dir) => {
  writeFileSync(join(dir, `${name}.crt`), certPem);
  writeFileSync(join(dir, `${name}.key`), keyPem);
};
const serving = () => gate.files.ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] });
const client = (commonName: string) => clientCA.issue({ commonName, client: true });
const count = (msg: string) => gate.log.filter((line) => JSON.parse(line).msg === msg).length;
const another = (msg: string, since: number) => eventually(() => count(msg) > since, TAKEN_UP_MS);

/** What a new handshake with the gate shows. */
async function shown(): Promise<string> {
  const socket: TLSSocket = await gate.connect();
  const pem = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return pem.trim();
}
/** The status of a request over a connection of its own. */
async function status(token?: string): Promise<number> {
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
  const headers = ['Authorization', `Bearer ${token ?? (await gate.token())}`];
  const answer = await who.call({ path: '/version', headers });
  who.close();
  return answer.status;
}
async function isUnhurt(t: Test): Promise<void> {
  await streams.settle();
  t.same(streams.wrong, [], 'no byte is wrong');
  t.equal(streams.open, SESSIONS, 'no session was cut');
}

t.before(async () => {
  api = await startApiServer(await oldCA.issue(SERVER), clientCA.certPem);
  issuer = await startIssuer();
  const first = await client('gate-1');
  gate = await startGateProcess({
    issuer,
    upstreams: [
      {
        name: 'prod',
        upstream: { port: api.port, ca: oldCA },
        user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
      },
    ],
    before: (dir) => lay('client', first, dir),
    config: { sessions: { drainTimeout: '1s' } },
  });
  await eventually(async () => (await status()) === 200);
  await (await startStreams(gate, SESSIONS)).close();
  before = await gate.holdings();
  streams = await startStreams(gate, SESSIONS);
});
t.after(async () => {
  await gate.stop();
  await Promise.all([api.close(), issuer.close()]);
});

await facts.fault('serving certificate replaced while 200 sessions stream', async (t) => {
  const [next, since] = [await serving(), count(TAKEN_UP)];
  lay('tls', next);
  const from = performance.now();
  await another(TAKEN_UP, since);
  t.equal(await shown(), next.certPem.trim(), 'new handshakes get it');
  const tookMs = performance.now() - from;
  await isUnhurt(t);
  return tookMs;
});

await facts.fault('serving certificate replaced by a broken pair, then by a good one', async (t) => {
  const [next, other, since] = [await serving(), await serving(), count(TAKEN_UP)];
  const old = readFileSync(path('tls.crt'), 'utf8').trim();
  for (const [broken, pair] of [
    ['a key of another certificate', { ...next, keyPem: other.keyPem }],
    ['half a certificate', { ...next, certPem: next.certPem.slice(0, 300) }],
    ['empty files', { certPem: '', keyPem: '' }],
  ] as const) {
    const refused = count(REFUSED);
    lay('tls', pair);
    await another(REFUSED, refused);
    t.equal(await gate.metric('postern_config_last_reload_success'), 0, broken);
    t.equal(await shown(), old, 'new handshakes get the running one');
    t.equal(await status(), 200);
  }
  await isUnhurt(t);
  t.equal(count(TAKEN_UP), since, 'none was taken up');
  lay('tls', next);
  const from = performance.now();
  await eventually(async () => (await shown()) === next.certPem.trim(), TAKEN_UP_MS);
  const tookMs = performance.now() - from;
  t.equal(await gate.metric('postern_config_last_reload_success'), 1);
  await isUnhurt(t);
  return tookMs;
});

await facts.fault('client certificate of the gate replaced, by a broken pair first', async (t) => {
  const [next, refused, since] = [await client('gate-2'), count(REFUSED), count(TAKEN_UP)];
  lay('client', { ...next, keyPem: (await client('other')).keyPem });
  await another(REFUSED, refused);
  t.equal(await gate.metric('postern_config_last_reload_success'), 0);
  t.equal(await status(), 200, 'the running one stays');
  t.notOk(api.clients.includes('gate-2'));
  lay('client', next);
  const from = performance.now();
  await another(TAKEN_UP, since);
  t.equal(await status(), 200);
  const tookMs = performance.now() - from;
  t.equal(api.clients.at(-1), 'gate-2', 'the API server sees the new one');
  await isUnhurt(t);
  return tookMs;
});

await facts.fault("the API server's certificate is of another authority", async (t) => {
  api.present(await newCA.issue(SERVER));
  const asked = api.asked();
  const who = await gate.token({ email: 'refused@example.com' });
  const { socket, status: answered } = await openExec(gate, who);
  t.equal(answered, 502, 'it is not trusted before the kubeconfig says so');
  socket.destroy();
  const line = await gate.logged(({ msg, user }) => msg === 'request' && user === 'refused@example.com');
  t.match(line, { status: 502, error: 'UPSTREAM_TLS' });
  t.equal(api.asked(), asked, 'nothing was sent there');
  await isUnhurt(t);
  const since = count(TAKEN_UP);
  const kubeconfig = JSON.parse(readFileSync(path('prod.kubeconfig'), 'utf8'));
  const bundle = `${oldCA.certPem}\n${newCA.certPem}`;
  kubeconfig.clusters[0].cluster['certificate-authority-data'] = Buffer.from(bundle).toString('base64');
  writeFileSync(path('prod.kubeconfig'), JSON.stringify(kubeconfig));
  const from = performance.now();
  await another(TAKEN_UP, since);
  t.equal(await status(), 200);
  const tookMs = performance.now() - from;
  await isUnhurt(t);
  return tookMs;
});

await facts.fault("the issuer's certificate is of another authority", async (t) => {
  const known = await gate.token();
  t.equal(await status(known), 200);
  issuer.present(await newCA.issue({ commonName: 'issuer', ipAddresses: ['127.0.0.1'] }));
  await issuer.rotate({ keepOld: true });
  const fresh = await gate.token();
  const hits = { ...issuer.hits };
  t.not(await status(fresh), 200, 'new keys are not taken from it');
  t.same(issuer.hits, hits, 'and it is not asked');
  t.match(await gate.logged(({ msg }) => msg === 'keys of an issuer could not be fetched'), {
    cause: { message: /certificate/ },
  });
  t.equal(await status(known), 200, 'known keys go on');
  const since = count(TAKEN_UP);
  // To take the old one away would end what it let in (docs/how-to/session-ends.md).
  const trusting = jwtEntry({ ...issuer, caPem: `${issuer.caPem}\n${newCA.certPem}` });
  gate.files.writeConfig({ ...gate.files.config, authentication: { jwt: [trusting] } });
  const from = performance.now();
  await another(TAKEN_UP, since);
  await eventually(async () => (await status(fresh)) === 200, TAKEN_UP_MS);
  const tookMs = performance.now() - from;
  await isUnhurt(t);
  await streams.close();
  facts.add('bytes', ['200 sessions, certificates replaced', streams.compared, 0]);
  await comesBack(t, gate, { before, facts, what: 'certificates replaced' });
  return tookMs;
});
