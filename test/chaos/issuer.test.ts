import { createServer, type Server } from 'node:https';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { type Caller, caller } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type EchoUpstream, eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { comesBack } from './holding.ts';
import { type Streams, startStreams } from './streams.ts';

// The identity provider fails in every way that it can while people work. Expected: known keys go on serving, new keys don't count until the issuer can be
// asked again, what is asked of it is bounded, metric and log tell, and the way back takes no more than the pause between two attempts.

const facts = recordFacts('chaos-issuer');
const SESSIONS = 20;
/** After a first and second failure it is asked again within 1 and 2 s (src/authn/jwks.ts); the rest is the machine's. ms */
const BACK_MS = 6_000;
/** So much is read of one document. Bytes */
const TEN_MIB = 10 * 1024 * 1024;

/** How an issuer is broken, and what the log calls it. */
type Break = (issuer: Issuer) => Promise<void> | void;
const rsaOf1024 = { kty: 'RSA', kid: 'weak', n: 'AL'.padEnd(170, 'A'), e: 'AQAB' };

const BROKEN: readonly (readonly [fault: string, breakIt: Break, cause: RegExp | undefined])[] = [
  ['issuer down', (issuer) => issuer.setDown(true), /socket|closed|disconnected|ECONN/],
  [
    'issuer answers 500',
    (issuer) => both(issuer, (_, response) => response.writeHead(500).end('{}')),
    /answered 500/,
  ],
  ['issuer answers HTML', (issuer) => both(issuer, '<html>maintenance</html>'), /not JSON/],
  [
    'issuer redirects',
    (issuer) =>
      both(issuer, (_, response) => response.writeHead(302, { location: `${issuer.url}/keys` }).end()),
    /answered 302/,
  ],
  ['issuer sends 10 MiB', (issuer) => both(issuer, ' '.repeat(TEN_MIB)), /larger than/],
  ['issuer sends truncated JSON', (issuer) => issuer.setKeys('{"keys": [{"kty": "RSA", "n": "'), /not JSON/],
  [
    'issuer breaks off',
    (issuer) =>
      both(issuer, (_, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('{');
        setImmediate(() => response.destroy());
      }),
    /closed|terminated|other side/,
  ],
  [
    'issuer names another issuer',
    (issuer) => {
      // Discovery is read again once keys could not be fetched from where it had said.
      issuer.setKeys((_, response) => response.writeHead(500).end());
      issuer.setDiscovery({ issuer: 'https://evil.example', jwks_uri: `${issuer.url}/keys` });
    },
    /another issuer/,
  ],
  ['issuer hangs', (issuer) => both(issuer, () => {}), /no complete answer in 5000 ms/],
  [
    'issuer trickles',
    (issuer) =>
      both(issuer, (_, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 200);
        response.on('close', () => clearInterval(drip));
      }),
    /no complete answer in 5000 ms/,
  ],
  // These are answers: keys that don't fit are no keys.
  [
    'issuer has keys of wrong type',
    (issuer) =>
      issuer.setKeys({
        keys: [
          { kty: 'oct', kid: 'a', k: 'AAAA' },
          rsaOf1024,
          { kty: 'EC', crv: 'P-192', x: 'AA', y: 'AA' },
          7,
        ],
      }),
    undefined,
  ],
];

function both(issuer: Issuer, answer: Parameters<Issuer['setKeys']>[0]): void {
  issuer.setDiscovery(answer);
  issuer.setKeys(answer);
}

function mend(issuer: Issuer): void {
  issuer.setDown(false);
  issuer.setDiscovery(undefined);
  issuer.setKeys(undefined);
}

let upstream: EchoUpstream;
let gate: GateProcess;
let streams: Streams;
let who: Caller;
const issuers = new Map<string, Issuer>();
const line = (issuer: Issuer, outcome: string) =>
  `postern_jwks_refresh_total{issuer="${issuer.url}",outcome="${outcome}"}`;
const failed = (issuer: Issuer) => gate.metric(line(issuer, 'failed'));
const statusWith = async (token: string) =>
  (await who.call({ path: '/version', headers: ['Authorization', `Bearer ${token}`] })).status;

t.before(async () => {
  upstream = await startEcho();
  for (const [fault] of BROKEN) issuers.set(fault, await startIssuer());
  const main = await startIssuer();
  gate = await startGateProcess({
    issuer: main,
    upstreams: [{ name: 'prod', upstream }],
    authentication: { jwt: [main, ...issuers.values()].map((issuer) => jwtEntry(issuer)) },
  });
  issuers.set('main', main);
  who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  await eventually(async () => (await fetch(`${gate.opsUrl}/readyz`)).status === 200);
  streams = await startStreams(gate, SESSIONS);
});
t.after(async () => {
  who.close();
  await gate.stop();
  for (const issuer of issuers.values()) await issuer.close();
  await upstream.close();
});

for (const [fault, breakIt, cause] of BROKEN)
  await facts.fault(fault, async (t) => {
    const issuer = issuers.get(fault) as Issuer;
    const known = await issuer.sign();
    t.equal(await statusWith(known), 200);
    const [failures, received] = [await failed(issuer), upstream.received.length];
    await breakIt(issuer);
    await issuer.rotate({ keepOld: true });
    const fresh = await issuer.sign();
    const answer = statusWith(fresh);
    if (cause !== undefined) {
      t.equal(await statusWith(known), 200, 'a known key goes on, while the issuer is asked');
      await gate.logged(
        (one) =>
          one['msg'] === 'keys of an issuer could not be fetched' &&
          one['issuer'] === issuer.url &&
          cause.test(JSON.stringify(one['cause'])),
      );
      t.ok((await failed(issuer)) > failures, 'the log tells why, and the metric counts it');
    }
    t.not(await answer, 200, 'a key that could not be fetched does not count');
    const toApi = upstream.received.length - received;
    t.equal(toApi, cause === undefined ? 0 : 1, 'and the API server has seen nothing of it');
    mend(issuer);
    const from = performance.now();
    await eventually(async () => (await statusWith(fresh)) === 200, 2 * BACK_MS);
    const tookMs = performance.now() - from;
    t.ok(tookMs < BACK_MS, `new keys count within ${Math.round(tookMs)} ms`);
    await streams.settle();
    t.same(streams.wrong, [], 'sessions notice nothing');
    return tookMs;
  });

await facts.fault('issuer rotates its keys under load', async (t) => {
  const issuer = issuers.get('main') as Issuer;
  const before = issuer.hits.jwks;
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const old = await issuer.sign();
    await issuer.rotate({ keepOld: true });
    const fresh = await issuer.sign();
    statuses.push(
      ...(await Promise.all(Array.from({ length: 60 }, (_, n) => statusWith(n % 2 === 0 ? old : fresh)))),
    );
  }
  t.same(new Set(statuses), new Set([200]), `${statuses.length} requests with old and new keys`);
  t.ok(issuer.hits.jwks - before <= 4, `${issuer.hits.jwks - before} fetches for three rotations`);
  await issuer.rotate();
  t.equal(await statusWith(await issuer.sign()), 200);
  await streams.settle();
  return 0;
});

await facts.fault('unknown keys in numbers', async (t) => {
  const issuer = issuers.get('issuer answers 500') as Issuer;
  const [received, before] = [upstream.received.length, issuer.hits.jwks];
  const tokens = await Promise.all(
    Array.from({ length: 200 }, (_, i) => issuer.sign({ sub: `u${i}` }, { kid: `unknown-${i}` })),
  );
  const statuses = await Promise.all(tokens.map(statusWith));
  t.same(new Set(statuses), new Set([401]), 'each is refused');
  t.equal(upstream.received.length, received, 'and has reached nobody');
  t.ok(issuer.hits.jwks - before <= 6, `${issuer.hits.jwks - before} fetches for 200 tokens`);
  const from = performance.now();
  t.equal(await statusWith(await issuer.sign()), 200, 'good tokens are let in all the time');
  return performance.now() - from;
});

await facts.fault('issuer down at the start', async (t) => {
  const late = await startIssuer();
  late.setDown(true);
  const other = await startGateProcess({ issuer: late, upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await other.stop();
    await late.close();
  });
  const door = caller({ port: other.port, ca: other.files.ca }, 'h1');
  const headers = ['Authorization', `Bearer ${await other.token()}`];
  t.equal((await door.call({ path: '/version', headers })).status, 503);
  const ready = await fetch(`${other.opsUrl}/readyz`);
  t.equal(ready.status, 503);
  t.match(await ready.text(), `no keys yet from ${late.url}`);
  late.setDown(false);
  const from = performance.now();
  await eventually(async () => (await fetch(`${other.opsUrl}/readyz`)).status === 200, 15_000);
  t.equal((await door.call({ path: '/version', headers })).status, 200);
  door.close();
  return performance.now() - from;
});

await facts.fault('issuer with another certificate', async (t) => {
  const [good, gateIssuer] = await Promise.all([makeCA('issuer CA'), startIssuer()]);
  const imposters: Server[] = [];
  const door = await startGateProcess({ issuer: gateIssuer, upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await door.stop();
    for (const server of imposters) server.close();
  });
  const ask = caller({ port: door.port, ca: door.files.ca }, 'h1');
  const known = ['Authorization', `Bearer ${await door.token()}`];
  t.equal((await ask.call({ path: '/version', headers: known })).status, 200);
  await gateIssuer.close();
  // In its place, at its address, somebody whom its authority does not know: nothing of theirs is read.
  const { certPem, keyPem } = await good.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });
  let asked = 0;
  const imposter = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    asked++;
    response.end('{}');
  });
  imposters.push(imposter);
  await new Promise<void>((resolve) => imposter.listen(gateIssuer.port, '127.0.0.1', resolve));
  await gateIssuer.rotate();
  const fresh = ['Authorization', `Bearer ${await door.token()}`];
  const from = performance.now();
  t.not((await ask.call({ path: '/version', headers: fresh })).status, 200);
  t.match(
    JSON.stringify(await door.logged(({ msg }) => /could not be fetched/.test(String(msg)))),
    /certificate/,
  );
  t.equal(asked, 0, 'not a request was sent there');
  t.equal((await ask.call({ path: '/version', headers: known })).status, 200, 'a known key goes on');
  ask.close();
  return performance.now() - from;
});

await facts.fault('issuer broken: what is held', async (t: Test) => {
  await streams.close();
  const before = await gate.holdings();
  const issuer = issuers.get('issuer hangs') as Issuer;
  issuer.setDown(true);
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, i) => issuer.sign({}, { kid: `x${i}` })));
  await Promise.all(tokens.map(statusWith));
  mend(issuer);
  facts.add('bytes', ['sessions, issuer broken', streams.compared, 0]);
  return comesBack(t, gate, { before, facts, what: 'issuer broken' });
});
