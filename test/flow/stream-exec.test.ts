import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import t from 'tap';
import type { TerminalSize } from '../../src/practice/machine/machine.ts';
import { makeTime } from '../fakes/time.ts';
import {
  askUpgrade,
  dialRaw,
  dialSpdy,
  dialWebSocket,
  openStreams,
  readAll,
} from '../unit/practice/stream/callers.ts';
import { ALL, cat, channel, exit, type Run, serving, TTY, V4, V5 } from './remotecommands.ts';

// exec and attach over real sockets, with SPDY and WebSocket callers (protocol.md §1.4 to §1.6).

t.test('SPDY: stdin is echoed, its end is seen, the outcome is told, and the caller closes', async (t) => {
  const server = await serving(t, cat);
  // What a kubectl of today offers: v5, which SPDY has not, first.
  const { session, protocol } = await dialSpdy(server.port, [...V5, ...V4, 'v3.channel.k8s.io']);
  t.equal(protocol, 'v4.channel.k8s.io');
  const { error, stdin, stdout, stderr } = await openStreams(session, ['error', 'stdin', 'stdout', 'stderr']);
  stdin.end('hello');
  t.equal((await readAll(stdout)).toString(), 'hello');
  t.equal((await readAll(stderr)).toString(), '');
  t.same(JSON.parse((await readAll(error)).toString()), { metadata: {}, status: 'Success' });
  await session.end();
  await Promise.all(server.served);
});

t.test('WebSocket v5: the same, with a close message for the end of stdin, and code 1000', async (t) => {
  const server = await serving(t, cat);
  const caller = await dialWebSocket(server.port, V5);
  await caller.until((messages) => messages.length > 0);
  t.same(caller.messages[0], { data: Buffer.of(1), binary: true }, 'ready');
  for (const message of [
    '\0hel',
    '\0lo',
    '\0',
    '',
    '\x09nobody',
    '\x04{"Width":1}',
    '\xff\0',
    '\xff\0',
    '\0late',
  ]) {
    caller.websocket.send(Buffer.from(message, 'latin1'));
  }
  t.equal(await caller.closed, 1000);
  t.equal(channel(caller, 1).toString(), 'hello');
  t.same(JSON.parse(channel(caller, 3).toString()), { metadata: {}, status: 'Success' });
  t.ok(caller.messages.every(({ binary }) => binary));
  await Promise.all(server.served);
});

// protocol.md §1.5: the protocol, and whether the outcome is a Status
const WEBSOCKETS: readonly [offered: string[], chosen: string, asStatus: boolean][] = [
  [['v4.channel.k8s.io'], 'v4.channel.k8s.io', true],
  [['v4.base64.channel.k8s.io'], 'v4.base64.channel.k8s.io', true],
  [['channel.k8s.io'], 'channel.k8s.io', false],
  [['base64.channel.k8s.io'], 'base64.channel.k8s.io', false],
  [[], '', false],
  [['v4.channel.k8s.io', 'v5.channel.k8s.io'], 'v5.channel.k8s.io', true],
  [['unknown', 'channel.k8s.io', 'v4.channel.k8s.io'], 'channel.k8s.io', false],
];
for (const [offered, chosen, asStatus] of WEBSOCKETS) {
  t.test(`WebSocket offering [${offered.join(', ')}] speaks '${chosen}'`, async (t) => {
    const server = await serving(t, async ({ stdin, stdout }) => {
      const [chunk] = await once(stdin ?? process.stdin, 'data');
      stdout?.write(chunk);
      return { exitCode: 7 };
    });
    const caller = await dialWebSocket(server.port, offered);
    t.equal(caller.websocket.protocol, chosen);
    const base64 = chosen.includes('base64');
    const input = randomBytes(100);
    caller.websocket.send(base64 ? `0${input.toString('base64')}` : Buffer.concat([Buffer.of(0), input]));
    t.equal(await caller.closed, 1000);
    t.ok(caller.messages.every(({ binary }) => binary === !base64));
    const of = (number: number) => {
      if (!base64) return channel(caller, number);
      return Buffer.from(channel(caller, 0x30 + number).toString('latin1'), 'base64');
    };
    t.same(of(1), input);
    const status = of(3).toString();
    if (asStatus) t.match(JSON.parse(status), { status: 'Failure', reason: 'NonZeroExitCode' });
    else t.match(status, /exit code 7$/);
  });
}

for (const [protocol, asStatus] of [
  ...V4.map((name) => [name, true] as const),
  ...['v3.', 'v2.', ''].map((v) => [`${v}channel.k8s.io`, false] as const),
]) {
  t.test(
    `SPDY ${protocol}: the outcome is ${asStatus ? 'a Status' : 'a text, empty for success'}`,
    async (t) => {
      for (const outcome of [{ exitCode: 0 }, { exitCode: 255 }, { failure: 'no such thing' }]) {
        const server = await serving(t, exit(outcome), { ...ALL, stdin: false, stderr: false });
        const { session } = await dialSpdy(server.port, [protocol]);
        const { error, stdout } = await openStreams(session, ['error', 'stdout']);
        stdout.resume();
        const text = (await readAll(error)).toString();
        if (asStatus) t.type(JSON.parse(text).status, 'string');
        else t.equal(text === '', 'exitCode' in outcome && outcome.exitCode === 0);
        t.equal(text.includes('255'), 'exitCode' in outcome && outcome.exitCode === 255);
        await session.end();
      }
    },
  );
}

t.test('what the command throws is a failure, and told', async (t) => {
  const server = await serving(t, () => Promise.reject(new Error('the shell broke')));
  const caller = await dialWebSocket(server.port, V5);
  t.equal(await caller.closed, 1000);
  t.match(JSON.parse(channel(caller, 3).toString()), {
    reason: 'InternalError',
    message: /the shell broke$/,
  });
});

t.test('a terminal: no stderr, and sizes in order, the last one at once', async (t) => {
  const seen = Promise.withResolvers<TerminalSize[]>();
  const run: Run = async ({ stderr, onSize }) => {
    const sizes: TerminalSize[] = [];
    t.equal(stderr, undefined);
    onSize((size) => {
      sizes.push(size);
      if (size.width === 0) seen.resolve(sizes);
    });
    await seen.promise;
    return { exitCode: 0 };
  };
  const server = await serving(t, run, TTY);
  const spdy = await dialSpdy(server.port, V4);
  const { resize, error } = await openStreams(spdy.session, ['error', 'stdin', 'stdout', 'resize']);
  resize.write('{"Width":81,"Height":25}\n{"Width":80,"Hei');
  resize.write('ght":24}\n{"Width":0,"Height":0}\n');
  await readAll(error);
  t.same(await seen.promise, [
    { width: 81, height: 25 },
    { width: 80, height: 24 },
    { width: 0, height: 0 },
  ]);
  await spdy.session.end();
});

t.test('a terminal over WebSocket', async (t) => {
  const sizes: TerminalSize[] = [];
  const run: Run = async ({ stdin, onSize }) => {
    onSize((size) => sizes.push(size));
    if (stdin !== undefined) await once(stdin, 'data');
    return { exitCode: 0 };
  };
  const server = await serving(t, run, TTY);
  const caller = await dialWebSocket(server.port, V5);
  caller.websocket.send(Buffer.from('\x04{"Width":80,"Height":24}\n'));
  caller.websocket.send(Buffer.from('\0q'));
  t.equal(await caller.closed, 1000);
  t.same(sizes, [{ width: 80, height: 24 }]);
});

t.test('streams that do not come are not waited for longer than 30 s', async (t) => {
  const time = makeTime();
  const server = await serving(t, () => Promise.reject(new Error('ran')), ALL, time.setTimer);
  const { session } = await dialSpdy(server.port, V4);
  await openStreams(session, ['error', 'stdin', 'stdout']);
  time.advance(30_000);
  await session.closed;
  await Promise.all(server.served);
  t.same(time.waiting(), []);
});

t.test(
  'streams of no kind, or twice, are reset; those that were not asked for are there and ignored',
  async (t) => {
    const server = await serving(t, cat, { ...ALL, stderr: false });
    const { session } = await dialSpdy(server.port, V4);
    await openStreams(session, ['error', 'resize', 'stderr', 'stdin']);
    await t.rejects(openStreams(session, ['stdin']));
    await t.rejects(openStreams(session, ['data']));
    const { stdout } = await openStreams(session, ['stdout']);
    stdout.resume();
    await session.end();
    await Promise.all(server.served);
  },
);

t.test('refusals are whole answers', async (t) => {
  const server = await serving(t, cat);
  const websocket = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'];
  const key = ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='];
  const offer = ['Sec-WebSocket-Protocol', 'v5.CHANNEL.k8s.io, v6.channel.k8s.io'];
  const refused = await askUpgrade(server.port, 'GET', '/', ['Host', 'x', ...websocket, ...key, ...offer]);
  t.equal(refused.response.statusCode, 403);
  t.match(refused.body, /the server speaks v5\.channel\.k8s\.io, /);
  const none = await serving(t, cat, { stdin: false, stdout: false, stderr: true, tty: true });
  const nothing = await askUpgrade(none.port, 'GET', '/', ['Host', 'x', ...websocket, ...key]);
  t.equal(nothing.response.statusCode, 400);
  t.equal(nothing.body, 'you must specify at least 1 of stdin, stdout, stderr\n');
});

t.test('garbage ends its connection, and the next caller is served', async (t) => {
  const server = await serving(t, cat);
  const request = (lines: string) => `POST /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n${lines}\r\n`;
  const spdy = request('Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n');
  const websocket = request(
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
  ).replace('POST', 'GET');
  for (const start of [spdy, websocket]) {
    for (let round = 0; round < 30; round++) {
      const socket = await dialRaw(server.port, start);
      await once(socket, 'data');
      socket.resume();
      socket.end(round === 0 ? '' : randomBytes(round * 100));
      await once(socket, 'close');
    }
  }
  await Promise.all(server.served);
  for (const bytes of [Buffer.of(255), Buffer.of(255, 5), Buffer.of(255, 0, 0)]) {
    const caller = await dialWebSocket(server.port, V5);
    caller.websocket.send(bytes);
    t.equal(await caller.closed, 1006, 'a half-close of nothing');
  }
  const { session } = await dialSpdy(server.port, V4);
  const { stdin, stdout } = await openStreams(session, ['error', 'stdin', 'stdout', 'stderr']);
  stdin.end('still here');
  t.equal((await readAll(stdout)).toString(), 'still here');
  await session.end();
});
