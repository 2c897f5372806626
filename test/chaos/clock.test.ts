import { once } from 'node:events';
import type { Test } from 'tap';
import { type Caller, caller } from '../fakes/caller.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { eventually, openSession, openWatch, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startStreams } from './streams.ts';

// Somebody sets the gate's clock while sessions are open. Expected: what lasts a while (timeouts, pauses, caches) goes on as if nothing had been; what ends at
// a time ends when the clock says so; nothing is good for longer because the clock was set back. X.509 is judged by OpenSSL with the system's own clock.

const facts = recordFacts('chaos-clock');
const HOUR = 3_600_000;
const TEN_YEARS = 10 * 365 * 24 * HOUR;
/** The wall clock is looked at so often (src/delay.ts), and the rest is the machine's. ms */
const SEEN_MS = 9_000;
const SHIFTED = new URL('../fakes/shiftedclock.ts', import.meta.url).href;

async function setClock(gate: GateProcess, clockShiftMs: number): Promise<void> {
  const shifted = once(gate.child, 'message');
  gate.child.send({ clockShiftMs });
  await shifted;
}

async function setUp(t: Test) {
  const upstream = await startEcho();
  const gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    nodeOptions: [`--import=${SHIFTED}`],
  });
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  t.teardown(async () => {
    who.close();
    await gate.stop();
    await upstream.close();
  });
  return { gate, who };
}

const get = async (who: Caller, token: string) =>
  (await who.call({ path: '/version', headers: ['Authorization', `Bearer ${token}`] })).status;
const at = (shiftMs: number) => Math.floor((Date.now() + shiftMs) / 1000);
const age = ({ files, metric }: GateProcess) =>
  metric(`postern_jwks_age_seconds{issuer="${files.issuer.url}"}`);

for (const [name, shiftMs] of [
  ['clock set on by an hour', HOUR],
  ['clock set on by ten years', TEN_YEARS],
] as const)
  await facts.fault(name, async (t) => {
    const { gate, who } = await setUp(t);
    const short = await gate.token({ exp: at(600_000) });
    const long = await gate.token({ exp: at(2 * TEN_YEARS) });
    // One lives as long as its token says, the other has none that ends soon.
    const ends = await openSession(gate as never, { token: short });
    const watch = await openWatch(gate as never, '/api/v1/pods?watch=1', short);
    const streams = await startStreams({ connect: gate.connect, token: async () => long }, 10);
    t.equal(await get(who, short), 200);

    await setClock(gate, shiftMs);
    const from = performance.now();
    t.equal(await get(who, short), 401, 'a token that has ended by the clock is refused at once');
    t.equal(await get(who, long), 200);
    const fresh = await gate.token({ iat: at(shiftMs), exp: at(shiftMs + 300_000) });
    t.equal(await get(who, fresh), 200, 'and one of now is taken, with keys that are as old as they were');
    await Promise.all([ends.reader.ended, watch.reader.until('\r\n0\r\n\r\n')]);
    const tookMs = performance.now() - from;
    t.ok(tookMs < SEEN_MS, `sessions whose identity has ended end within ${Math.round(tookMs)} ms`);
    t.match(await gate.logged(({ msg }) => msg === 'session ended'), { end: 'expired' });
    await streams.settle();
    t.equal(streams.open, 10, 'the others live');
    t.ok((await age(gate)) < shiftMs / 1000 + 60);
    await streams.close();
    watch.close();
    return tookMs;
  });

await facts.fault('clock set back by an hour', async (t) => {
  const { gate, who } = await setUp(t);
  await setClock(gate, HOUR);
  const token = await gate.token({ iat: at(HOUR), exp: at(HOUR + 300_000) });
  const past = await gate.token({ iat: at(0), exp: at(HOUR - 1_000) });
  t.equal(await get(who, token), 200);
  t.equal(await get(who, past), 401);
  const streams = await startStreams({ connect: gate.connect, token: async () => token }, 10);
  // Keys are fetched in the hour that will not have been.
  await gate.files.issuer.rotate({ keepOld: true });
  const fresh = { iat: at(HOUR), exp: at(HOUR + 300_000) };
  t.equal(await get(who, await gate.token(fresh)), 200);

  await setClock(gate, 0);
  const from = performance.now();
  t.equal(await get(who, token), 200);
  t.equal(
    await get(who, past),
    200,
    'what had ended has not: the clock is what says so, and the issuer has signed it',
  );
  t.equal(
    await get(who, await gate.token({ nbf: at(120_000) })),
    401,
    'what is not valid yet by more than the leeway is not',
  );
  t.ok((await age(gate)) >= 0 && (await age(gate)) < 60, 'no age is negative, and none is an hour');
  const text = await (await fetch(`${gate.opsUrl}/metrics`)).text();
  t.notMatch(text, /_sum[^\n]* -\d/, 'no sum of durations has fallen');
  await streams.settle();
  t.equal(streams.open, 10, 'sessions live');
  // The bucket of demanded refreshes is neither locked nor open for ever.
  await gate.files.issuer.rotate({ keepOld: true });
  t.equal(await get(who, await gate.token()), 200);
  const hits = gate.files.issuer.hits.jwks;
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => get(who, await gate.files.issuer.sign({}, { kid: `x${i}` }))),
  );
  t.ok(gate.files.issuer.hits.jwks - hits <= 5);
  await streams.close();
  await eventually(
    async () =>
      (await gate.metric('postern_sessions_open{cluster="prod",kind="exec",protocol="websocket"}')) === 0,
  );
  return performance.now() - from;
});
