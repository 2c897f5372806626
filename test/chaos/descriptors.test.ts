import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { caller } from '../fakes/caller.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { FEW, LIMIT, openBy, startGate, takeAll, takeRest, watchesUntilRefused } from './exhaust.ts';
import { comesBack } from './holding.ts';
import { startStreams } from './streams.ts';

// No file descriptor is left at all, not even those that are kept from callers: sessions that are open live, what needs another one is refused or closed,
// nothing spins, and when descriptors are free again everything works as before. The limit is the process' own (prlimit): a few connections reach it.

const facts = recordFacts('chaos-descriptors');
const SESSIONS = 20;

/** CPU time that a process has used, in ms (proc(5): ticks of 10 ms). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

await facts.fault('file descriptors used up', async (t) => {
  const gate = await startGate(t);
  // Prometheus keeps its connection, so it can ask when nobody else can connect.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const scrape = () =>
    new Promise<number>((resolve, reject) => {
      get(`${gate.opsUrl}/metrics`, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      }).on('error', reject);
    });
  // A caller with a connection, which needs another one to the API server.
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
  t.teardown(() => who.close());
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  const watch = { path: '/api/v1/pods?watch=1', headers };
  t.equal((await who.call({ path: '/version', headers })).status, 200);
  t.equal(await scrape(), 200);
  await (await startStreams(gate, SESSIONS)).close();
  const before = await gate.holdings();
  const streams = await startStreams(gate, SESSIONS);
  // The pooled connection to the API server is busy with this, and the next request has none.
  const other = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  const watching = other.open({ ...watch, end: true });
  await watching.head;

  // The connection that was kept to the issuer is gone before.
  gate.files.issuer.setDown(true);
  gate.files.issuer.setDown(false);

  const { held, closed } = await takeAll(gate, 2 * LIMIT);
  // One may be left, which a connection to the API server takes then.
  const more = await watchesUntilRefused(() => other.open({ ...watch, end: true }));
  const rest = await takeRest(gate);
  t.ok(openBy(gate.pid) >= LIMIT - 1, `${openBy(gate.pid)} of ${LIMIT} are open`);
  t.ok(closed > LIMIT, `what comes then is closed: ${closed}`);
  t.match(await gate.logged(({ msg }) => FEW.test(String(msg))), { level: 'error', limit: LIMIT });
  t.equal(more.status, 502);
  t.match(await gate.logged(({ error }) => error === 'UPSTREAM_UNREACHABLE'), { cause: { code: 'EMFILE' } });
  t.equal(await scrape(), 200, 'and the gate lives after it');
  // Files can't be read: the running configuration stays.
  writeFileSync(
    join(gate.files.dir, 'postern.yaml'),
    JSON.stringify({ ...gate.files.config, log: { level: 'debug' } }),
  );
  gate.child.kill('SIGHUP');
  const stays = await gate.logged(({ msg }) => msg === 'configuration refused, the running one stays');
  t.match(JSON.stringify(stays['problems']), /EMFILE|too many open files/i);
  // Tokens of a key that is not known need the issuer, which can't be asked.
  await gate.files.issuer.rotate({ keepOld: true });
  const unknown = ['Authorization', `Bearer ${await gate.token()}`];
  t.not((await who.call({ path: '/version', headers: unknown })).status, 200);
  t.match(await gate.logged(({ msg }) => msg === 'keys of an issuer could not be fetched'), {
    cause: { code: 'EMFILE' },
  });
  const used = cpuMs(gate.pid);
  const from = performance.now();
  await streams.settle();
  await eventually(() => performance.now() - from > 1_000);
  const share = (cpuMs(gate.pid) - used) / (performance.now() - from);
  t.ok(share < 0.7, `nothing spins: ${Math.round(100 * share)} % of a CPU, streaming included`);
  t.equal(streams.open, SESSIONS, 'sessions live');

  for (const socket of [...held, ...rest]) socket.destroy();
  const free = performance.now();
  await eventually(async () => (await who.call({ path: '/version', headers })).status === 200);
  t.match(await gate.logged(({ msg }) => msg === 'there are file descriptors again'), { limit: LIMIT });
  await gate.logged(({ msg }) => msg === 'configuration taken up');
  await eventually(async () => (await who.call({ path: '/version', headers: unknown })).status === 200);
  const tookMs = performance.now() - free;
  t.ok(tookMs < 12_000, `all works within ${Math.round(tookMs)} ms`);
  t.equal(gate.log.filter((line) => FEW.test(String(JSON.parse(line).msg))).length, 1, 'said once');
  await streams.settle();
  t.same(streams.wrong, []);
  for (const one of [watching, ...more.open]) one.abort();
  other.close();
  await streams.close();
  facts.add('bytes', ['sessions, file descriptors used up', streams.compared, 0]);
  await comesBack(t, gate, { before, facts, what: 'file descriptors used up' });
  t.equal(await gate.stop(), 0);
  return tookMs;
});
