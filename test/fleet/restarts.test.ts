// A rolling restart under load: three gates behind HAProxy in TCP mode, restarted one after the other, while clients over HTTP/1.1 and HTTP/2 send
// short requests and people are in exec sessions. No request fails, and no session is cut before the drain is over.

import t, { type Test } from 'tap';
import { startBalancer } from './balancer.ts';
import { type Ended, keepExecs } from './execs.ts';
import { type FleetGate, type Restarted, startGates } from './gates.ts';
import { type FleetGround, layFleetGround } from './ground.ts';
import { buildClient, startRequests } from './requests.ts';

const GATES = 3;
const RESTARTS = Number(process.env['POSTERN_FLEET_RESTARTS'] ?? '20');
const DELAY_MS = 2_000;
const TIMEOUT_MS = 4_000;
/** Two clocks and a log line lie between the order and the end. ms */
const SLACK_MS = 50;
const TOKEN_SECONDS = 3600;
/** One that never comes up again ends the test. ms */
const UP_MS = 60_000;

const client = await buildClient();

interface Rolled {
  readonly ground: FleetGround;
  readonly restarts: readonly Restarted[];
  readonly told: readonly (Awaited<ReturnType<Awaited<ReturnType<typeof startRequests>>['finish']>> & {
    readonly protocol: string;
  })[];
  readonly ended: readonly Ended[];
}

/** Restarts so many times, in turn. */
async function roll(t: Test, count: number, sessions: object): Promise<Rolled> {
  const ground = await layFleetGround();
  t.teardown(() => ground.clear());
  const gates = await startGates(ground, GATES, sessions);
  const balancer = await startBalancer(ground, gates);
  await untilUp(balancer.up);
  const token = await ground.issuer.sign(
    { sub: 'alice-id', email: 'alice@example.com', groups: ['engineers'] },
    { expiresIn: TOKEN_SECONDS },
  );
  const { port } = balancer;
  const [h1, h2] = [
    await startRequests(ground, { client, port, token, http2: false }),
    await startRequests(ground, { client, port, token, http2: true }),
  ];
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const lifeMs = (part: number) => 500 + part * 5_000;
  const execs = keepExecs({ port, caPem: ground.caPem, token, short: 12, long: 3, lifeMs, random });
  const restarts: Restarted[] = [];
  for (let i = 0; i < count; i++) {
    restarts.push(await (gates[i % GATES] as FleetGate).restart());
    await untilUp(balancer.up);
  }
  const told = [
    { protocol: 'HTTP/1.1', ...(await h1.finish()) },
    { protocol: 'HTTP/2', ...(await h2.finish()) },
  ];
  await execs.finish();
  return { ground, restarts, told, ended: execs.ended };
}

async function untilUp(up: () => Promise<readonly number[]>): Promise<void> {
  for (const deadline = Date.now() + UP_MS; (await up()).length < GATES; ) {
    if (Date.now() > deadline) throw new Error('a gate does not come up');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

t.test(`${RESTARTS} restarts cost nobody anything`, async (t) => {
  const sessions = { drainDelay: `${DELAY_MS}ms`, drainTimeout: `${TIMEOUT_MS}ms` };
  const { ground, restarts, told, ended } = await roll(t, RESTARTS, sessions);
  t.same(
    restarts.filter(({ exitCode }) => exitCode !== 0),
    [],
    'every gate ended well',
  );
  for (const { protocol, requests, failed, connections, failures } of told) {
    t.equal(failed, 0, `${protocol}: of ${requests} requests on ${connections} connections none failed`);
    t.same(failures.slice(0, 10), []);
    t.ok(requests > 50 * RESTARTS, 'and there were enough');
  }
  for (const { protocol, requests, connections } of told)
    t.comment(`${protocol}: ${requests} requests on ${connections} connections`);
  const of = (outcome: Ended['outcome']) => ended.filter((one) => one.outcome === outcome);
  t.same([...of('broken'), ...of('refused')].slice(0, 10), [], 'no session was cut or refused');
  t.ok(of('finished').length > 2 * RESTARTS, `${of('finished').length} sessions ended by themselves`);
  t.ok(of('drained').length >= RESTARTS / 2, `${of('drained').length} at the end of the drain`);

  t.comment(
    `sessions: ${of('finished').length} ended by themselves, ${of('drained').length} at the end of the drain`,
  );
  const ends = ground.gateLog().filter(({ msg }) => msg === 'session ended');
  t.same(
    ends.filter(({ end }) => !['client', 'upstream', 'drained'].includes(String(end))),
    [],
    'the gates say the same',
  );
  const early = ends
    .filter(({ end }) => end === 'drained')
    .filter(
      ({ time }) =>
        !restarts.some(({ orderedAt, endedAt }) => isLate(Date.parse(String(time)), orderedAt, endedAt)),
    );
  t.same(early, [], 'and none of them before the drain was over');
});

/** Whether a session's end fits a restart: between the end of its drain and its own end. */
function isLate(time: number, orderedAt: number, endedAt: number): boolean {
  return time >= orderedAt + DELAY_MS + TIMEOUT_MS - SLACK_MS && time <= endedAt + SLACK_MS;
}

t.test('without drainDelay requests do fail: the balancer has not noticed yet', async (t) => {
  const { told } = await roll(t, GATES, { drainDelay: '0s', drainTimeout: '1s' });
  const failed = told.reduce((sum, one) => sum + one.failed, 0);
  t.ok(failed > 0);
  t.comment(`${failed} requests failed in ${GATES} restarts`);
});
