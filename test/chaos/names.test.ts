// The resolver fails in every way that it can, for the API server's name and for the issuer's (src/names.ts). Expected: sessions notice nothing; names
// that were answered before go on being found, at once; what hangs holds up nothing else. A name server of the test's own is the only one here.

import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { LATE_MS } from '../../src/names.ts';
import type { Issuer } from '../fakes/issuer.ts';
import type { Told } from '../fakes/nameserver.ts';
import { eventually } from '../fakes/sessions.ts';
import { type Facts, recordFacts } from '../reliability/facts.ts';
import { openExec, requestHead, speak } from './ground.ts';
import {
  API,
  breakNames,
  issuerName,
  type Scene as NameScene,
  SESSIONS,
  session,
  startScene,
  withoutNames,
} from './names.ts';
import { inNamespaces } from './namespace.ts';

const ELSEWHERE = '127.0.77.9';
/** "At once", on a machine that is shared. ms */
const SOON_MS = 2_000;
/** glibc: 5 s for each of two attempts. ms */
const GIVEN_UP_MS = 10_000;
const STALE = 'a name is not answered: its last known addresses serve';
const AGAIN = 'a name is answered again';

/** How a resolver fails; `serves` tells whether what was known before serves meanwhile. */
const BROKEN: readonly (readonly [how: string, told: Told | 'away', serves: boolean])[] = [
  ['answers NXDOMAIN', 'NXDOMAIN', false],
  ['is away', 'away', true],
  ['is silent', 'silent', true],
  ['answers SERVFAIL', 'SERVFAIL', true],
  ['is slow', { address: '127.0.0.1', afterMs: 3_000 }, true],
];

type Scene = NameScene & { readonly facts: Facts };

await inNamespaces(withoutNames(import.meta.url), main);

/** How long something takes. ms */
async function timed<T>(what: Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> {
  const from = performance.now();
  return { value: await what, tookMs: performance.now() - from };
}

async function main(): Promise<void> {
  const facts = recordFacts('chaos-names');
  // An issuer for each fault: what is asked of one is bounded (src/authn/jwks.ts).
  const scene = { ...(await startScene(BROKEN.length)), facts };
  for (const broken of BROKEN) await apiServer(scene, broken);
  for (const broken of BROKEN) await issuersName(scene, broken);
  await moves(scene);
  await hang(scene);
  await t.test('the gate is as before', async (t) => {
    const { streams, ground } = scene;
    await streams.settle();
    t.same(streams.wrong, [], 'sessions live');
    await scene.quiet();
    facts.add('bytes', ['sessions, faults of the resolver', streams.compared, 0]);
    await ground.settled(t, facts, 'faults of the resolver');
  });
  await scene.stop();
}

function apiServer(scene: Scene, [how, told, serves]: (typeof BROKEN)[number]): Promise<void> {
  const { facts, names, gate, ground, streams, lookups, upstream } = scene;
  return facts.fault(`the API server's name: resolver ${how}`, async (t) => {
    const [stale, received] = [await lookups('stale'), upstream.received.length];
    const mend = await breakNames(names, API, told);
    if (serves) {
      const first = await timed(session(scene));
      t.equal(first.value, 101, 'the last known address serves');
      t.ok(first.tookMs < LATE_MS + SOON_MS, `after ${Math.round(first.tookMs)} ms`);
      const next = await timed(Promise.all(Array.from({ length: 10 }, () => session(scene))));
      t.same(new Set(next.value), new Set([101]));
      t.ok(next.tookMs < SOON_MS, `and those after it do not wait: ${Math.round(next.tookMs)} ms for ten`);
      t.ok((await lookups('stale')) >= stale + 11, 'the metric counts them');
      await gate.logged(({ msg, name }) => msg === STALE && name === API);
    } else {
      const { user, token } = await ground.someone();
      const { socket, status } = await openExec(gate, token);
      socket.destroy();
      t.equal(status, 502, 'there is no such name');
      t.match(await ground.requestOf(user), { error: 'UPSTREAM_UNREACHABLE', cause: { code: 'ENOTFOUND' } });
      t.equal(upstream.received.length, received, 'nobody was reached');
    }
    await streams.settle();
    await mend();
    const { tookMs } = await timed(answeredAgain(scene));
    if (serves) await gate.logged(({ msg, name }) => msg === AGAIN && name === API);
    t.ok(tookMs < GIVEN_UP_MS + SOON_MS, `asked as ever within ${Math.round(tookMs)} ms`);
    return tookMs;
  });
}

/** Until a session has waited for an answer of the resolver and opened. */
async function answeredAgain(scene: Scene): Promise<void> {
  await eventually(async () => {
    const ok = await scene.lookups('ok');
    return (await session(scene)) === 101 && (await scene.lookups('ok')) > ok;
  }, 2 * GIVEN_UP_MS);
}

function issuersName(scene: Scene, [how, told, serves]: (typeof BROKEN)[number]): Promise<void> {
  const { facts, names, gate, issuers, statusWith, streams, upstream } = scene;
  const at = BROKEN.findIndex(([other]) => other === how);
  const issuer = issuers[at] as Issuer;
  return facts.fault(`the issuer's name: resolver ${how}`, async (t) => {
    const known = await issuer.sign();
    t.equal(await statusWith(known), 200);
    const mend = await breakNames(names, issuerName(at), told);
    await issuer.rotate();
    const fresh = await issuer.sign();
    // No connection to it is left, so that it has to be found.
    issuer.setDown(true);
    issuer.setDown(false);
    const received = upstream.received.length;
    const first = await timed(statusWith(fresh));
    if (serves) {
      t.equal(first.value, 200, 'new keys are fetched from the last known address');
      t.ok(first.tookMs < LATE_MS + SOON_MS, `after ${Math.round(first.tookMs)} ms`);
    } else {
      t.not(first.value, 200, 'new keys do not count');
      t.equal(upstream.received.length, received, 'and nobody was reached');
      const isOurs = (line: Record<string, unknown>) => line['issuer'] === issuer.url && 'cause' in line;
      t.match(await gate.logged(isOurs), { cause: { code: 'ENOTFOUND' } }, 'the log says why');
      t.equal(await statusWith(known), 200, 'known keys go on');
    }
    await streams.settle();
    await mend();
    const { tookMs } = await timed(eventually(async () => (await statusWith(fresh)) === 200, GIVEN_UP_MS));
    return tookMs;
  });
}

function moves(scene: Scene): Promise<void> {
  const { facts, names, upstream, streams } = scene;
  return facts.fault("the API server's name moves to another address while sessions stream", async (t) => {
    let there = 0;
    const elsewhere = createServer((socket) => {
      there++;
      const on = connect(upstream.port, '127.0.0.1');
      socket.pipe(on).pipe(socket);
      for (const one of [socket, on]) one.on('error', () => on.destroy());
    });
    await new Promise<void>((resolve) => elsewhere.listen(upstream.port, ELSEWHERE, resolve));
    t.teardown(() => elsewhere.close());
    names.tell(API, ELSEWHERE);
    const { value, tookMs } = await timed(session(scene));
    t.equal(value, 101);
    t.equal(there, 1, 'the next session is at the new address');
    await streams.settle();
    t.equal(streams.open, SESSIONS, 'those that are open stay where they are');
    names.tell(API, '127.0.0.1');
    t.equal(await session(scene), 101);
    t.equal(there, 1, 'and back');
    return tookMs;
  });
}

function hang(scene: Scene): Promise<void> {
  const { facts, gate, ground, statusWith, streams, lookups, hanging } = scene;
  return facts.fault('names that nobody answers hang', async (t) => {
    // The gate itself asks for their keys again and again; callers make it do so too.
    const refused = Promise.all(hanging.map(async (one) => statusWith(await one.sign())));
    const failed = await lookups('failed');
    const inTime = async (t: Test, what: string, act: () => Promise<unknown>) => {
      const { value, tookMs } = await timed(act());
      t.ok(tookMs < SOON_MS, `${what}: ${Math.round(tookMs)} ms`);
      return value;
    };
    const opens = async (path: string) => statusWith((await ground.someone()).token, `${path}/version`);
    t.equal(await inTime(t, 'a name that was never asked for', () => opens('/later')), 200);
    t.equal(await inTime(t, 'a session', () => session(scene)), 101);
    const cold = await ground.someone();
    const { socket, reader } = await speak(gate, requestHead('GET', '/cold/version', cold.token));
    const coldAnswer = timed(reader.until('UPSTREAM_UNREACHABLE'));
    // Now each place of libuv's for look-ups is taken.
    const known = await timed(session(scene));
    t.equal(known.value, 101);
    t.ok(known.tookMs < LATE_MS + SOON_MS, `a name that is known: ${Math.round(known.tookMs)} ms`);
    t.equal(await inTime(t, 'a token that was never seen', () => opens('')), 200);
    t.match(
      await inTime(t, 'the probe', async () => (await fetch(`${gate.opsUrl}/readyz`)).text()),
      /no keys yet/,
    );
    writeFileSync(gate.files.file, JSON.stringify({ ...gate.files.config, log: { level: 'debug' } }));
    gate.child.kill('SIGHUP');
    await inTime(t, 'a reload, and its log line', () =>
      gate.logged(({ msg }) => msg === 'configuration taken up'),
    );
    t.match(await ground.requestOf(cold.user), { status: 502, cause: { code: 'EAI_AGAIN' } });
    const { tookMs } = await coldAnswer;
    socket.destroy();
    t.ok(tookMs < GIVEN_UP_MS + SOON_MS, `a name that has no answer: 502 after ${Math.round(tookMs)} ms`);
    t.ok((await lookups('failed')) > failed, 'the metric counts it');
    t.same(new Set(await refused), new Set([503]));
    await streams.settle();
    return 0;
  });
}
