import { writeFileSync } from 'node:fs';
import { keptOf } from '../../src/descriptors.ts';
import { caller } from '../fakes/caller.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { FEW, LIMIT, openBy, probeAlways, startGate, takeAll, watchesUntilRefused } from './exhaust.ts';
import { comesBack } from './holding.ts';
import { startStreams } from './streams.ts';

// Callers use up the descriptors of a gate that has few: those beyond are refused and counted, who is in has some more of them, and liveness, readiness,
// metrics, a reload and an issuer's new keys work all the time, for none of that is a reason to restart a gate whose sessions are well.

const facts = recordFacts('chaos-descriptors-callers');
const SESSIONS = 10;
/** Connections that callers try to open. */
const CALLERS = 400;
/** Descriptors of probes, of scrapes and of the gate's own that come and go meanwhile. */
const OWN = 4;

await facts.fault('file descriptors used up by callers', async (t) => {
  const gate = await startGate(t);
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
  const other = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  t.teardown(() => [who, other].map((one) => one.close()));
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  const watch = { path: '/api/v1/pods?watch=1', headers, end: true };
  for (const one of [who, other]) t.equal((await one.call({ path: '/version', headers })).status, 200);
  await (await startStreams(gate, SESSIONS)).close();
  const before = await gate.holdings();
  const streams = await startStreams(gate, SESSIONS);
  const probes = probeAlways(gate);
  t.teardown(() => probes.stop());

  const { held, closed } = await takeAll(gate, CALLERS);
  const { fromCallers, fromUpstreams } = keptOf(LIMIT);
  t.equal(
    await gate.metric('postern_admission_refused_total{limit="descriptors"}'),
    closed,
    `each of ${closed} that were closed is counted`,
  );
  t.ok(closed > CALLERS - LIMIT);
  t.ok(openBy(gate.pid) >= LIMIT - fromCallers - 1, 'as many were let in as there is room for');
  t.match(await gate.logged(({ msg }) => FEW.test(String(msg))), { level: 'error', limit: LIMIT });
  // Who is in goes on with what is kept from newcomers, and leaves some.
  const more = await watchesUntilRefused(() => other.open(watch));
  t.equal(more.status, 502);
  t.match(await gate.logged(({ error }) => error === 'UPSTREAM_UNREACHABLE'), { cause: { code: 'EMFILE' } });
  t.ok(more.open.length >= fromCallers - fromUpstreams - OWN, `${more.open.length} watches of who is in`);
  t.ok(openBy(gate.pid) <= LIMIT - fromUpstreams + OWN, `${openBy(gate.pid)} of ${LIMIT} are open`);
  // All at once, before any of them has its descriptor. What a probe has just given back, one of them may take.
  const tries = Array.from({ length: 50 }, () => other.open(watch));
  const heads = await Promise.all(tries.map(({ head }) => head));
  for (const { stream } of heads) stream.resume();
  const refused = heads.filter(({ status }) => status === 502).length;
  t.ok(refused >= tries.length - OWN, `${refused} of ${tries.length} are refused`);
  for (const one of tries) one.abort();

  // What mends it works: configuration and issuers' keys are read.
  gate.files.issuer.setDown(true);
  gate.files.issuer.setDown(false);
  writeFileSync(gate.files.file, JSON.stringify({ ...gate.files.config, log: { level: 'debug' } }));
  gate.child.kill('SIGHUP');
  await gate.logged(({ msg }) => msg === 'configuration taken up');
  await gate.files.issuer.rotate({ keepOld: true });
  const fresh = ['Authorization', `Bearer ${await gate.token()}`];
  for (const one of more.open.splice(0, 2)) one.abort();
  await eventually(async () => (await who.call({ path: '/version', headers: fresh })).status === 200);
  const rounds = probes.rounds;
  await streams.settle();
  await eventually(() => probes.rounds > rounds + 2);
  t.equal(streams.open, SESSIONS, 'sessions live');

  for (const socket of held) socket.destroy();
  const free = performance.now();
  await eventually(async () => {
    const socket = await gate.connect().catch(() => undefined);
    socket?.destroy();
    return socket !== undefined;
  });
  t.match(await gate.logged(({ msg }) => msg === 'there are file descriptors again'), { limit: LIMIT });
  const tookMs = performance.now() - free;
  t.same(await probes.stop(), [], `${probes.rounds} rounds of probes and scrapes were answered`);
  await streams.settle();
  t.same(streams.wrong, []);
  for (const one of more.open) one.abort();
  for (const one of [who, other]) one.close();
  await streams.close();
  facts.add('bytes', ['sessions, file descriptors used up by callers', streams.compared, 0]);
  await comesBack(t, gate, { before, facts, what: 'file descriptors used up by callers' });
  t.equal(await gate.stop(), 0);
  return tookMs;
});

await facts.fault('file descriptors of two workers used up by callers', async (t) => {
  const gate = await startGate(t, ['--workers', '2']);
  const streams = await startStreams(gate, SESSIONS);
  const probes = probeAlways(gate);
  t.teardown(() => probes.stop());
  const { held, closed } = await takeAll(gate, CALLERS);
  t.equal(await gate.metric('postern_admission_refused_total{limit="descriptors"}'), closed);
  t.ok(closed > CALLERS - 2 * LIMIT, `${closed} were closed`);
  const workers = gate.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'worker serves');
  t.equal(workers.length, 2);
  const most = LIMIT - keptOf(LIMIT).fromCallers + OWN;
  for (const { pid } of workers) t.ok(openBy(pid) <= most, `${openBy(pid)} of ${LIMIT} are open in a worker`);
  const rounds = probes.rounds;
  await streams.settle();
  await eventually(() => probes.rounds > rounds + 2);
  t.equal(streams.open, SESSIONS, 'sessions live');
  for (const socket of held) socket.destroy();
  const free = performance.now();
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  await eventually(async () => {
    const one = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
    const status = await one.call({ path: '/version', headers }).then(
      (answer) => answer.status,
      () => 0,
    );
    one.close();
    return status === 200;
  });
  const tookMs = performance.now() - free;
  t.same(await probes.stop(), [], `${probes.rounds} rounds of probes and scrapes were answered`);
  t.same(streams.wrong, []);
  t.notOk(
    gate.log.some((line) => line.includes('worker ended')),
    'no worker ended',
  );
  await streams.close();
  facts.add('bytes', ['sessions of two workers, file descriptors used up', streams.compared, 0]);
  t.equal(await gate.stop(), 0);
  return tookMs;
});
