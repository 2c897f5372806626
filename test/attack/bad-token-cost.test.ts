// S14b, S12: what bad tokens cost. A thousand of them make the issuer's keys be fetched a bounded number of times, keep no good token out, and cost the gate no
// more processor time than as many good ones that are new as well. Times are the process's own (/proc/PID/stat), and the bounds are wide.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { RENEWAL_BURST, RENEWAL_REFILL_MS } from '../../src/authn/jwks.ts';
import { caller } from '../fakes/caller.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { claimsOf, encode, inputOf, makeEc, publish, sealed } from './tokens.ts';

const facts = recordFacts('attack-bad-token-cost');
const COUNT = 1000;
const CONCURRENCY = 20;
/** Linux's USER_HZ. */
const TICK_MS = 10;
const issuer = await startIssuer();
const keys = makeEc('good');
const forger = makeEc('good');
publish(issuer, keys.jwk);
// Not the raw upstream, which reads every byte of a connection again for each request.
const upstream = await startUpstream();
// Without the limit by address, which would keep most of them from being judged (test/flow/admission-strangers.test.ts): this is what judging costs.
const gate = await startGateProcess({
  issuer,
  upstreams: [{ name: 'main', upstream }],
  config: { limits: { unauthenticatedPerAddress: 0 } },
});
const h2 = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
t.teardown(async () => {
  h2.close();
  await gate.stop();
  await Promise.all([issuer.close(), upstream.close()]);
});
const header = (kid: unknown) => ({ alg: 'ES256', kid });
const claims = (i: number) => claimsOf(issuer, { jti: `t${i}`, email: 'alice@example.com' });

/** Each makes the `i`th token of its kind, no two equal. */
const KINDS = {
  good: (i: number) => sealed(inputOf(header('good'), claims(i)), keys),
  'with a bad signature': (i: number) => sealed(inputOf(header('good'), claims(COUNT + i)), forger),
  'with a key id that nobody knows': (i: number) =>
    sealed(inputOf(header(`k${i}-${process.hrtime.bigint()}`), claims(i)), forger),
  'of an issuer that nobody knows': (i: number) =>
    sealed(inputOf(header('good'), { ...claims(i), iss: `https://i${i}.example` }), forger),
  'with alg none': (i: number) => `${inputOf({ alg: 'none' }, claims(i))}.`,
  'of nothing but depth': (i: number) =>
    `${encode(header(`d${i}`))}.${encode(`{"x":${'['.repeat(2000)}${']'.repeat(2000)},"i":${i}}`)}.AAAA`,
} as const satisfies Readonly<Record<string, (i: number) => string>>;
type Kind = keyof typeof KINDS;

/** Sends them, some at a time, over one HTTP/2 connection. @returns the statuses that came, and the gate's own processor time, ms */
async function flood(
  kind: Kind,
): Promise<{ readonly statuses: ReadonlyMap<number, number>; readonly cpuMs: number }> {
  const tokens = Array.from({ length: COUNT }, (_, i) => KINDS[kind](i));
  const statuses = new Map<number, number>();
  const before = cpuMsOf(gate.pid);
  const work = async (first: number) => {
    for (let i = first; i < COUNT; i += CONCURRENCY) {
      const { status } = await h2.call({
        path: '/version',
        headers: ['authorization', `Bearer ${tokens[i]}`],
      });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, (_, first) => work(first)));
  return { statuses, cpuMs: cpuMsOf(gate.pid) - before };
}

/** utime and stime, proc(5). */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

// The first flood warms the program up; the one that is measured comes after it.
await flood('good');
const good = await flood('good');
t.test('good tokens are let in', async (t) => t.same([...good.statuses], [[200, COUNT]]));

await facts.attack(
  'S14b',
  `${COUNT} random key ids: a bounded number of fetches, and good tokens still work`,
  async (t) => {
    const hits = issuer.hits.jwks;
    const begin = performance.now();
    let isOver = false;
    const flooding = flood('with a key id that nobody knows').then((result) => {
      isOver = true;
      return result;
    });
    let good = 0;
    while (!isOver) {
      const { status } = await h2.call({
        path: '/version',
        headers: ['authorization', `Bearer ${KINDS.good(2 * COUNT + good)}`],
      });
      t.equal(status, 200);
      good++;
    }
    t.same([...(await flooding).statuses], [[401, COUNT]]);
    const seconds = (performance.now() - begin) / 1000;
    const allowed = RENEWAL_BURST + Math.ceil((seconds * 1000) / RENEWAL_REFILL_MS);
    t.ok(issuer.hits.jwks - hits <= allowed, `${issuer.hits.jwks - hits} fetches in ${seconds.toFixed(1)} s`);
    t.ok(good > 0, `${good} good tokens meanwhile`);
  },
);

for (const kind of (Object.keys(KINDS) as Kind[]).filter((one) => one !== 'good'))
  await facts.attack('S12', `${COUNT} tokens ${kind} cost no more than good ones`, async (t) => {
    const requests = upstream.received.length;
    const { statuses, cpuMs } = await flood(kind);
    t.same([...statuses], [[401, COUNT]]);
    t.ok(cpuMs <= 2 * good.cpuMs + 1000, `${cpuMs} ms for these, ${good.cpuMs} ms for good ones`);
    await h2.call({ path: '/settles', headers: ['authorization', `Bearer ${KINDS.good(0)}`] });
    t.same(
      upstream.received.slice(requests).map(({ url }) => url),
      ['/settles'],
      'nothing went on before what was sent afterwards',
    );
  });
