// The memory of the chart's default limit, and more slow peers at once than a gate of that size should have: sessions and answers that their callers do
// not read, sessions and uploads that the API server does not read. Expected: each holds a bounded part, the sum stays below the limit, others are served.

import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { parse } from 'yaml';
import { caller } from '../fakes/caller.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { makeMemoryGroup } from './cgroup.ts';
import { accept, startFaultyServer } from './faultyserver.ts';
import { execRequest, requestHead } from './ground.ts';
import { comesBack, openNow } from './holding.ts';
import { startStreams } from './streams.ts';

const facts = recordFacts('chaos-memory');
const MIB = 1024 * 1024;
const SESSIONS = 20;
/** Of each kind of slow peer. */
const EACH = 40;
/** What one of them makes the gate hold, TLS and its connections included; measured 0.8 MiB. Bytes */
const EACH_BYTES = 1.25 * MIB;
/** An answer, or an upload. Bytes */
const BIG = 1024 * MIB;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** "At once", on a machine that is shared. ms */
const SOON_MS = 2_000;

const values = parse(readFileSync(new URL('../../deploy/helm/postern/values.yaml', import.meta.url), 'utf8'));
const limitBytes = Number.parseInt(String(values.resources.limits.memory), 10) * MIB;
const group = makeMemoryGroup(limitBytes);

/** Sends without an end, as fast as it is taken. */
function pump(socket: TLSSocket): void {
  const more = () => {
    while (!socket.destroyed && socket.write(CHUNK));
  };
  socket.on('drain', more);
  more();
}

if (group === undefined) t.pass('needs the right to make control groups', { skip: true });
else
  await facts.fault('slow peers in numbers in a container', async (t) => {
    const [upstream, slow] = [await startEcho(), await startFaultyServer()];
    slow.plan.serve = ({ head, socket }) => {
      const floods = head.includes('flood');
      if (/^upgrade:/im.test(head)) socket.write(accept(head));
      else if (floods) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG}\r\n\r\n`);
      if (floods) pump(socket);
      else socket.pause();
    };
    const gate = await startGateProcess({
      upstreams: [
        { name: 'prod', upstream },
        { name: 'slow', upstream: slow, match: { pathPrefix: '/slow' } },
      ],
      prefix: group.prefix,
      config: { sessions: { drainTimeout: '1s' } },
    });
    t.teardown(async () => {
      await gate.stop();
      group.remove();
      await Promise.all([upstream.close(), slow.close()]);
    });
    t.equal(await gate.metric('postern_memory_limit_bytes'), limitBytes, 'the gate knows its limit');
    const heapLimit = await gate.metric('postern_heap_limit_bytes');
    t.ok(heapLimit < limitBytes, `V8's heap is bounded below it: ${Math.round(heapLimit / MIB)} MiB`);
    const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
    const headers = ['Authorization', `Bearer ${await gate.token()}`];
    await (await startStreams(gate, SESSIONS)).close();
    const before = await gate.holdings();
    const streams = await startStreams(gate, SESSIONS);
    t.teardown(() => streams.close());
    const empty = group.now();

    const token = await gate.token({ email: 'slow@example.com' });
    const path = (kind: string) => `/slow/api/v1/namespaces/default/pods/p/exec?command=${kind}&`;
    const session = (kind: string) =>
      execRequest(token, 'spdy').replace(/\/api\/v1[^ ?]*\?(command=cat&)?/, path(kind));
    const upload = requestHead('POST', '/slow/api/v1/pods', token, [`Content-Length: ${BIG}`]);
    const open = async (head: string, sends: boolean): Promise<TLSSocket> => {
      const socket = await gate.connect();
      socket.pause();
      socket.write(head);
      if (sends) pump(socket);
      return socket;
    };
    const held: TLSSocket[] = [];
    for (let i = 0; i < EACH; i++) {
      held.push(
        ...(await Promise.all([
          open(session('flood'), false),
          open(requestHead('GET', '/slow/api/v1/pods?flood=1', token), false),
          open(session('deaf'), true),
          open(upload, true),
        ])),
      );
    }
    let last = 0;
    let since = performance.now();
    // Until nothing moves any more: what each holds is full.
    await eventually(() => {
      const now = group.now();
      if (Math.abs(now - last) > 2 * MIB) [last, since] = [now, performance.now()];
      return performance.now() - since > SOON_MS;
    }, 40_000);
    const each = (group.now() - empty) / held.length;
    t.equal(slow.open(), held.length, 'each has its connection to the API server');
    t.ok(each < EACH_BYTES, `${Math.round(each / 1024)} KiB each, of ${held.length}`);
    t.ok(group.peak() < limitBytes, `at most ${Math.round(group.peak() / MIB)} MiB of ${limitBytes / MIB}`);
    t.equal(group.kills(), 0);
    const from = performance.now();
    t.equal((await who.call({ path: '/version', headers })).status, 200, 'others are served');
    t.ok(performance.now() - from < SOON_MS, `after ${Math.round(performance.now() - from)} ms`);
    await streams.settle();
    t.same(streams.wrong, [], 'sessions live');
    facts.add('growth', [
      `MiB in a container: ${held.length} slow peers`,
      Math.round(empty / MIB),
      Math.round(group.peak() / MIB),
      `${limitBytes / MIB} in all`,
    ]);

    for (const socket of held) socket.destroy();
    const free = performance.now();
    // One that reads nothing does not hear either that its caller has gone.
    slow.hangUp();
    await eventually(async () => (await openNow(gate)) === SESSIONS, 20_000);
    await streams.close();
    who.close();
    facts.add('bytes', ['sessions, slow peers in a container', streams.compared, 0]);
    await comesBack(t, gate, { before, facts, what: 'slow peers in a container' });
    return performance.now() - free;
  });
