// No ephemeral port is left for connections to the API server (net.ipv4.ip_local_port_range, in a network namespace where it is tiny). Expected: sessions
// live, what needs another connection is refused as not carried out, what has one is served, and it comes back by itself.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { caller } from '../fakes/caller.ts';
import { eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { openExec, startGround, upstreamErrors } from './ground.ts';
import { inNamespaces } from './namespace.ts';
import { startStreams } from './streams.ts';

const SESSIONS = 20;
/** For all connections from 127.0.0.1 to one address and port. */
const PORTS = 80;
const RANGE = '40000 40079';
/** Where callers come from and listeners are does not count. */
const CALLER = '127.0.79.2';
/** "At once", on a machine that is shared. ms */
const SOON_MS = 2_000;

// Listeners that ask for any port have theirs from the range too: it is made tiny once they have.
await inNamespaces({ file: import.meta.url, flags: ['--net'], prepare: 'true' }, main);

async function main(): Promise<void> {
  const facts = recordFacts('chaos-ports');
  const upstream = await startEcho();
  const ground = await startGround({ upstreams: [{ name: 'main', upstream }] });
  const { gate } = ground;
  const from = (localAddress: string) => ({ ...gate, connect: () => gate.connect({ localAddress }) });
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  const status = async () => (await who.call({ path: '/version', headers })).status;
  await (await startStreams(from(CALLER), SESSIONS)).close();
  if ((await status()) !== 200) throw new Error('the gate does not serve');
  await ground.warm();
  const streams = await startStreams(from(CALLER), SESSIONS);

  await facts.fault('ephemeral ports used up', async (t) => {
    writeRange(RANGE);
    const received = upstream.received.length;
    const held = await takeAll(upstream.port);
    t.ok(held.length > 0 && held.length <= PORTS, `${held.length} ports were left`);
    const { user, token } = await ground.someone();
    const before = performance.now();
    const { socket, status: answered } = await openExec(from(CALLER) as never, token);
    t.equal(answered, 502);
    t.ok(performance.now() - before < SOON_MS, 'at once');
    socket.destroy();
    t.match(await ground.requestOf(user), {
      status: 502,
      error: 'UPSTREAM_UNREACHABLE',
      cause: { code: 'EADDRNOTAVAIL' },
    });
    t.equal(upstream.received.length, received, 'not carried out');
    t.equal(await status(), 200, 'a connection that is kept serves');
    t.equal(await upstreamErrors(gate, 'unreachable'), 1, 'the metric counts it');
    await streams.settle();
    t.same(streams.wrong, [], 'sessions live');
    for (const one of held) one.resetAndDestroy();
    const free = performance.now();
    await eventually(async () => {
      const again = await openExec(from(CALLER) as never, token);
      again.socket.destroy();
      return again.status === 101;
    });
    const tookMs = performance.now() - free;
    t.ok(tookMs < SOON_MS, `served again within ${Math.round(tookMs)} ms`);
    await streams.settle();
    await streams.close();
    who.close();
    facts.add('bytes', ['sessions, ephemeral ports used up', streams.compared, 0]);
    await ground.settled(t, facts, 'ephemeral ports used up');
    return tookMs;
  });
  await ground.stop();
  await upstream.close();
}

function writeRange(range: string): void {
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', range);
}

/** Connections from 127.0.0.1, until there is no port for another. */
async function takeAll(port: number): Promise<Socket[]> {
  const held: Socket[] = [];
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    try {
      await once(socket, 'connect');
    } catch (error) {
      if ((error as { code?: string }).code === 'EADDRNOTAVAIL') return held;
      throw error;
    }
    held.push(socket);
  }
}
