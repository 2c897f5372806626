// port-forward over real sockets, with SPDY callers, SPDY inside a WebSocket, and the older WebSocket channels (protocol.md §1.7).

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Duplex, duplexPair, PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { portsOf } from '../../src/practice/stream/portchannels.ts';
import { servePortForward } from '../../src/practice/stream/portforward.ts';
import { parsePort } from '../../src/practice/stream/portlink.ts';
import type { SpdySession } from '../../src/practice/stream/spdy/session.ts';
import { makeTime } from '../fakes/time.ts';
import {
  askUpgrade,
  dialSpdy,
  dialTunnel,
  dialWebSocket,
  headersOf,
  listenForUpgrades,
  readAll,
} from '../unit/practice/stream/callers.ts';

/** Port 7 echoes until its caller's end, 80 answers a line and closes, 81 breaks, 82 throws; nothing listens elsewhere. */
function makePod() {
  const open = new Set<Duplex>();
  const connect = (port: number): Duplex | undefined => {
    if (port === 82) throw new Error('the network is down');
    if (![7, 80, 81].includes(port)) return undefined;
    const [near, far] = duplexPair();
    open.add(near);
    near.once('close', () => open.delete(near));
    far.on('error', () => {});
    if (port === 7) far.pipe(far);
    else if (port === 80) far.once('data', (line) => far.end(`answer to ${line}`)).resume();
    else far.once('data', () => near.destroy(new Error('connection reset by peer')));
    return near;
  };
  return { connect, open };
}

async function serving(t: Test, setTimer?: Parameters<typeof servePortForward>[2]) {
  const pod = makePod();
  const server = await listenForUpgrades((upgrade) => servePortForward(upgrade, pod.connect, setTimer));
  t.teardown(() => server.close());
  return { ...server, pod };
}

/** A connection as kubectl opens it: the error stream, half-closed at once, then the data stream. */
async function forward(session: SpdySession, port: number | string, requestID?: number) {
  const common = { port: String(port), ...(requestID === undefined ? {} : { requestid: String(requestID) }) };
  const error = await session.open(headersOf({ streamtype: 'error', ...common }));
  error.end();
  const data = await session.open(headersOf({ streamtype: 'data', ...common }));
  return { error, data };
}

const TRANSPORTS = {
  SPDY: (port: number) => dialSpdy(port, ['portforward.k8s.io'], '/portforward'),
  tunnel: (port: number) => dialTunnel(port),
};

for (const [transport, dial] of Object.entries(TRANSPORTS)) {
  t.test(`${transport}: many connections at once, each whole, with half-closes both ways`, async (t) => {
    const { port, served, pod } = await serving(t);
    const { session, protocol } = await dial(port);
    t.equal(protocol, transport === 'SPDY' ? 'portforward.k8s.io' : 'SPDY/3.1+portforward.k8s.io');
    const one = async (id: number) => {
      const bytes = randomBytes(300_000 + id);
      const { error, data } = await forward(session, 7, id);
      data.end(bytes);
      t.same(await readAll(data), bytes);
      t.equal((await readAll(error)).length, 0);
    };
    await Promise.all(Array.from({ length: 20 }, (_, id) => one(id)));
    const { error, data } = await forward(session, 80, 20);
    data.write('ping');
    t.equal((await readAll(data)).toString(), 'answer to ping');
    t.equal(
      (await readAll(error)).length,
      0,
      'the error stream ends with the pod, though the caller has not ended',
    );
    await session.end();
    await Promise.all(served);
    t.equal(pod.open.size, 0, 'no connection is left in the pod');
  });

  t.test(`${transport}: what goes wrong is said on the error stream, and the rest goes on`, async (t) => {
    const { port } = await serving(t);
    const { session } = await dial(port);
    const cases: readonly [port: number, text: RegExp][] = [
      [99, /^error forwarding port 99 to pod: .*connection refused$/],
      [82, /^error forwarding port 82 to pod: .*the network is down$/],
      [81, /^error forwarding port 81 to pod: connection reset by peer$/],
    ];
    for (const [index, [number, text]] of cases.entries()) {
      const { error, data } = await forward(session, number, index);
      data.write('x');
      t.match((await readAll(error)).toString(), text);
      if (!data.closed) await once(data, 'close');
    }
    const { data } = await forward(session, 7, 10);
    data.end('still here');
    t.equal((await readAll(data)).toString(), 'still here');
    await session.end();
  });

  t.test(`${transport}: a caller that is gone leaves no connection in the pod`, async (t) => {
    const { port, served, pod } = await serving(t);
    const dialled = await dial(port);
    const { data } = await forward(dialled.session, 7, 0);
    data.write('x');
    await once(data, 'data');
    t.equal(pod.open.size, 1);
    if ('socket' in dialled) dialled.socket.destroy();
    else dialled.websocket.terminate();
    await Promise.all(served);
    for (const connection of pod.open) await once(connection, 'close');
    t.equal(pod.open.size, 0);
  });
}

t.test('a stream that the caller resets closes its connection', async (t) => {
  const { port, pod } = await serving(t);
  const { session } = await dialSpdy(port, ['portforward.k8s.io']);
  const { data, error } = await forward(session, 7, 0);
  const [connection] = pod.open;
  data.destroy();
  if (connection !== undefined && !connection.closed) await once(connection, 'close');
  t.equal(pod.open.size, 0);
  t.equal((await readAll(error)).length, 0);
  await session.end();
});

t.test(
  'streams without a sound port or type are reset (Kubernetes portforward/httpstream_test.go)',
  async (t) => {
    const { port } = await serving(t);
    const { session } = await dialSpdy(port, ['portforward.k8s.io']);
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { streamtype: 'data' },
      { streamtype: 'data', port: 'abc' },
      { streamtype: 'data', port: '-1' },
      { streamtype: 'data', port: '0' },
      { streamtype: 'data', port: '65536' },
      { streamtype: 'data', port: '+80' },
      { port: '80' },
      { streamtype: 'foo', port: '80' },
    ];
    for (const headers of wrong) await t.rejects(session.open(headersOf(headers)), JSON.stringify(headers));
    t.same([parsePort('1'), parsePort('65535'), parsePort(undefined)], [1, 65535, undefined]);
    await session.end();
  },
);

t.test('old clients name no request: the ids of a pair follow each other', async (t) => {
  const { port } = await serving(t);
  const { session } = await dialSpdy(port, ['portforward.k8s.io']);
  for (const text of ['one', 'two']) {
    const { data } = await forward(session, 7);
    data.end(text);
    t.equal((await readAll(data)).toString(), text);
  }
  await session.end();
});

t.test('a second stream of a kind is told off', async (t) => {
  const { port } = await serving(t);
  const { session } = await dialSpdy(port, ['portforward.k8s.io']);
  const headers = headersOf({ streamtype: 'error', port: '7', requestid: '0' });
  const first = await session.open(headers);
  const text = readAll(first);
  const second = await session.open(headers);
  t.match((await text).toString(), /error stream already assigned$/);
  if (!second.closed) await once(second, 'close');
  await session.end();
});

t.test('half a pair is given up after 30 s', async (t) => {
  const time = makeTime();
  const { port, served } = await serving(t, time.setTimer);
  const { session } = await dialSpdy(port, ['portforward.k8s.io']);
  const error = await session.open(headersOf({ streamtype: 'error', port: '7', requestid: '5' }));
  const data = await session.open(headersOf({ streamtype: 'data', port: '7', requestid: '6' }));
  time.advance(30_000);
  t.match((await readAll(error)).toString(), /^timed out waiting for the streams of request 5$/);
  if (!data.closed) await once(data, 'close');
  await session.open(headersOf({ streamtype: 'error', port: '7', requestid: '7' }));
  await session.end();
  await Promise.all(served);
  t.same(
    time.waiting().filter((ms) => ms > 10_000),
    [],
    'no pair is waited for',
  );
});

t.test('refusals are whole answers', async (t) => {
  const { port } = await serving(t);
  const websocket = [
    'Host',
    'x',
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
    'Sec-WebSocket-Version',
    '13',
  ];
  websocket.push('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==');
  const offer = (name: string) => [...websocket, 'Sec-WebSocket-Protocol', name];
  const cases: readonly [path: string, lines: readonly string[], text: RegExp][] = [
    ['/portforward', offer('v5.channel.k8s.io'), /SPDY\/3\.1\+portforward\.k8s\.io/],
    ['/portforward', websocket, /"ports" is required/],
    ['/portforward', offer('v4.channel.k8s.io'), /"ports" is required/],
    ['/portforward?ports=80,x', offer('v4.channel.k8s.io'), /"ports" is required/],
  ];
  for (const [path, lines, text] of cases) {
    const { response, body } = await askUpgrade(port, 'GET', path, lines);
    t.equal(response.statusCode, 400);
    t.match(body, text);
  }
});

t.test('the ports of the query', async (t) => {
  const cases: readonly [target: string, ports: readonly number[] | undefined][] = [
    ['/portforward?ports=80', [80]],
    ['/portforward?ports=80,443&ports=8080', [80, 443, 8080]],
    ['/portforward?port=80', [80]],
    ['/portforward?ports=', undefined],
    ['/portforward?ports=0', undefined],
    ['/portforward?ports=80,65536', undefined],
    ['/portforward', undefined],
    [`/portforward?ports=${Array.from({ length: 33 }, () => '80').join(',')}`, undefined],
  ];
  for (const [target, ports] of cases) t.same(portsOf(target), ports, target);
});

for (const protocol of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
  t.test(`WebSocket ${protocol}: two channels for each port, which begin with the port`, async (t) => {
    const { port, pod } = await serving(t);
    const caller = await dialWebSocket(port, [protocol], '/portforward?ports=80,99');
    const base64 = protocol.includes('base64');
    const of = (channel: number) => {
      const first = base64 ? channel + 0x30 : channel;
      const parts = caller.messages
        .filter(({ data }) => data[0] === first)
        .map(({ data }) => data.subarray(1));
      return Buffer.concat(base64 ? parts.map((part) => Buffer.from(part.toString(), 'base64')) : parts);
    };
    await caller.until((messages) => messages.length >= 5);
    caller.websocket.send(base64 ? `0${Buffer.from('ping').toString('base64')}` : Buffer.from('\0ping'));
    await caller.until(() => of(0).length > 2);
    t.equal(of(0).toString('latin1'), 'P\0answer to ping');
    t.equal(of(1).toString('latin1'), 'P\0');
    t.equal(of(2).toString('latin1'), 'c\0');
    t.match(of(3).toString('latin1'), /^c\0error forwarding port 99 to pod: .*connection refused$/);
    caller.websocket.terminate();
    for (const connection of pod.open) await once(connection, 'close');
  });
}

t.test('a slow connection is not read further than its buffers', async (t) => {
  const full = new PassThrough({ highWaterMark: 1024 });
  const server = await listenForUpgrades((upgrade) => servePortForward(upgrade, () => full));
  t.teardown(() => server.close());
  const { session } = await dialSpdy(server.port, ['portforward.k8s.io']);
  const { data } = await forward(session, 1, 0);
  for (let sent = 0; sent < 64; sent++) data.write(Buffer.alloc(1024 * 1024));
  t.equal(data.writableNeedDrain, true);
  data.end();
  const back = await readAll(data);
  t.equal(back.length, 64 * 1024 * 1024, 'and all of it goes round');
  await session.end();
});
