// Half-open connections: the packets of a caller, or of an API server, are dropped from one moment on, and nobody says so. In a network namespace of its
// own, where the test may drop packets. Everything falls silent at once, so that the 40 s until TCP's own probes give up pass once. What has bytes under
// way that nobody acknowledges ends by the kernel's net.ipv4.tcp_retries2, about 15 minutes by default; here it is 5, so that the test sees it end.

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { eventually, read } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { accept, answer, SILENT, startFaultyServer } from './faultyserver.ts';
import { execRequest, requestHead, startGround } from './ground.ts';

/** Says that this process is in the namespace. */
const INSIDE = 'POSTERN_CHAOS_NETWORK';
/** The address of callers that fall silent. */
const CALLER = '127.0.78.3';
/** TCP's probes: the first after 30 s, ten of them, one a second. ms */
const PROBED_MS = 41_000;
/** src/proxy/upstream.ts. ms */
const CONNECT_MS = 30_000;
/** tcp_retries2 = 5: doubling from 200 ms. ms */
const RETRIED_MS = 20_000;
/** For a busy machine. ms */
const SLACK_MS = 10_000;

const isRoot = process.getuid?.() === 0;
if (process.env[INSIDE] === undefined && isRoot) {
  const prepare = 'ip link set lo up && sysctl -qw net.ipv4.tcp_retries2=5 && exec "$@"';
  const self = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', prepare, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
} else if (!isRoot) t.pass('needs root: a network namespace', { skip: true });
else await main();

async function main(): Promise<void> {
  const facts = recordFacts('chaos-silence');
  const [stays, gone] = [await startFaultyServer(), await startFaultyServer(() => {}, { host: SILENT })];
  const ground = await startGround({
    upstreams: [
      { name: 'main', upstream: stays },
      { name: 'gone', upstream: gone, match: { pathPrefix: '/gone' } },
    ],
  });
  const { gate } = ground;
  t.teardown(async () => {
    await ground.stop();
    await stays.close();
    await gone.close();
  });
  /** By a part of the path. */
  const asked = new Map<string, TLSSocket>();
  for (const server of [stays, gone])
    server.plan.serve = ({ head, socket }) => {
      const mark = /[?&]mark=(\w+)/.exec(head)?.[1] ?? '';
      asked.set(mark, socket);
      if (/^upgrade:/im.test(head)) socket.resume().write(accept(head));
      else if (head.includes('watch=')) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      else if (!head.includes('wait=')) socket.write(answer('{}'));
    };

  const tcp = (localAddress: string): Socket =>
    connectTcp({ port: gate.port, host: '127.0.0.1', localAddress }).on('error', () => {});
  const tls = async (localAddress: string): Promise<TLSSocket> => {
    const ca = gate.files.ca.certPem;
    const socket = connectTls({
      socket: tcp(localAddress),
      ca,
      servername: 'localhost',
      ALPNProtocols: ['http/1.1'],
    });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  };

  /** Something that is open when the silence begins. */
  interface Open {
    readonly user: string;
    readonly socket: TLSSocket;
    readonly reader: ReturnType<typeof read>;
  }
  /** Asks over HTTP/1.1; resolves when the API server has been asked. */
  const open = async (from: string, path: string, mark: string): Promise<Open> => {
    const { user, token } = await ground.someone();
    const socket = await tls(from);
    const reader = read(socket);
    socket.write(
      path.endsWith('exec')
        ? execRequest(token, 'spdy')
            .replace('/api/v1', path.replace('exec', 'api/v1'))
            .replace('?', `?mark=${mark}&`)
        : requestHead('GET', `${path}&mark=${mark}`, token),
    );
    await eventually(() => asked.has(mark));
    return { user, socket, reader };
  };
  const callers = {
    waits: await open(CALLER, '/api/v1/pods?wait=1', 'a'),
    watches: await open(CALLER, '/api/v1/pods?watch=1', 'b'),
    session: await open(CALLER, '/exec', 'c'),
    talkedTo: await open(CALLER, '/exec', 'd'),
  };
  const behind = {
    waits: await open('127.0.0.1', '/gone/api/v1/pods?wait=1', 'e'),
    watches: await open('127.0.0.1', '/gone/api/v1/pods?watch=1', 'f'),
    session: await open('127.0.0.1', '/gone/exec', 'g'),
  };
  for (const { reader } of [
    callers.watches,
    callers.session,
    callers.talkedTo,
    behind.watches,
    behind.session,
  ])
    await reader.until('\r\n\r\n');
  const open3 = await open('127.0.0.1', '/gone/api/v1/pods?x=1', 'h');
  await open3.reader.until('{}');

  for (const address of [CALLER, SILENT])
    for (const rule of [
      ['INPUT', '-s', address],
      ['INPUT', '-d', address],
    ])
      execFileSync('iptables', ['-w', '-A', ...rule, '-j', 'DROP']);
  const begun = performance.now();
  const since = () => performance.now() - begun;
  asked.get('d')?.write('nobody acknowledges this');
  const { user: late, token: lateToken } = await ground.someone();
  const lateSocket = await tls('127.0.0.1');
  const lateReader = read(lateSocket);
  lateSocket.write(requestHead('GET', '/gone/api/v1/pods?kept=1', lateToken));
  const { user: fresh, token: freshToken } = await ground.someone();
  const freshSocket = await tls('127.0.0.1');
  const freshReader = read(freshSocket);
  freshSocket.write(requestHead('GET', '/gone/api/v1/pods?new=1', freshToken));

  await t.test('others are answered meanwhile', async () => {
    const other = await open('127.0.0.1', '/api/v1/pods?x=1', 'i');
    await other.reader.until('{}');
    other.socket.destroy();
  });

  // All of them wait at the same time.
  const timed = async <T>(what: Promise<T>) => ({ line: await what, tookMs: since() });
  const ends = {
    waits: timed(ground.requestOf(callers.waits.user)),
    watches: timed(ground.requestOf(callers.watches.user)),
    session: timed(ground.sessionOf(callers.session.user)),
    talkedTo: timed(ground.sessionOf(callers.talkedTo.user)),
    late: timed(ground.requestOf(late)),
    fresh: timed(ground.requestOf(fresh)),
    behindWaits: timed(ground.requestOf(behind.waits.user)),
    behindWatches: timed(ground.requestOf(behind.watches.user)),
    behindSession: timed(behind.session.reader.ended),
  };
  const inTime = (t: Test, tookMs: number, withinMs: number) => {
    t.ok(tookMs < withinMs + SLACK_MS, `after ${(tookMs / 1000).toFixed(1)} s`);
    return tookMs;
  };

  await facts.fault('an API server falls silent under a request on a kept connection', async (t) => {
    const { line, tookMs } = await ends.late;
    t.match(line, { status: 504, error: 'UPSTREAM_TIMEOUT' });
    t.match(await lateReader.until('UPSTREAM_TIMEOUT'), /504 Gateway/);
    return inTime(t, tookMs, RETRIED_MS);
  });
  await facts.fault('an API server is silent when it is connected to', async (t) => {
    const { line, tookMs } = await ends.fresh;
    t.match(line, { status: 502, error: 'UPSTREAM_UNREACHABLE', cause: { code: 'CONNECT_TIMEOUT' } });
    const said = await freshReader.until('UPSTREAM_UNREACHABLE');
    t.match(said, /502 Bad Gateway[\s\S]*The request was not carried out/);
    return inTime(t, tookMs, CONNECT_MS);
  });
  await facts.fault('a caller falls silent with bytes on the way to it', async (t) => {
    const { line, tookMs } = await ends.talkedTo;
    t.match(line, { end: 'client' });
    return inTime(t, tookMs, RETRIED_MS);
  });
  await facts.fault('a caller falls silent in a quiet session', async (t) => {
    const { line, tookMs } = await ends.session;
    t.match(line, { end: 'client' });
    return inTime(t, tookMs, PROBED_MS);
  });
  await facts.fault('a caller falls silent in a quiet watch', async (t) => {
    const { line, tookMs } = await ends.watches;
    t.match(line, { status: 200 });
    return inTime(t, tookMs, PROBED_MS);
  });
  await facts.fault('a caller falls silent while it waits for the answer', async (t) => {
    const { line, tookMs } = await ends.waits;
    t.match(line, { status: 499 });
    return inTime(t, tookMs, PROBED_MS);
  });
  await facts.fault('an API server falls silent before it answers', async (t) => {
    const { line, tookMs } = await ends.behindWaits;
    t.match(line, { status: 504, error: 'UPSTREAM_TIMEOUT' });
    t.match(await behind.waits.reader.until('UPSTREAM_TIMEOUT'), /504 Gateway/);
    return inTime(t, tookMs, PROBED_MS);
  });
  await facts.fault('an API server falls silent in a quiet watch', async (t) => {
    const { line, tookMs } = await ends.behindWatches;
    t.match(line, { status: 200 });
    return inTime(t, tookMs, PROBED_MS);
  });
  await facts.fault('an API server falls silent in a quiet session', async (t) => {
    const { tookMs } = await ends.behindSession;
    behind.session.socket.end();
    t.match(await ground.sessionOf(behind.session.user), { end: 'upstream' });
    return inTime(t, tookMs, PROBED_MS);
  });
  await t.test('the gate is as before', async (t) => {
    const silent = [...Object.values(callers), ...Object.values(behind)];
    for (const { socket } of [open3, ...silent]) socket.destroy();
    lateSocket.destroy();
    freshSocket.destroy();
    stays.hangUp();
    await ground.settled(t, facts, 'peers that fell silent');
  });
}
