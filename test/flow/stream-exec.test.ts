// exec and attach over real sockets, with SPDY and WebSocket callers (protocol.md §1.4 to §1.6).

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { CommandOutcome, CommandStreams, TerminalSize } from '../../src/practice/machine/machine.ts';
import { serveRemoteCommand } from '../../src/practice/stream/remotecommand.ts';
import { makeTime } from '../fakes/time.ts';
import {
  askUpgrade,
  dialRaw,
  dialSpdy,
  dialWebSocket,
  type Listener,
  listenForUpgrades,
  openStreams,
  readAll,
} from '../unit/practice/stream/callers.ts';

type Run = (streams: CommandStreams) => Promise<CommandOutcome>;
const ALL = { stdin: true, stdout: true, stderr: true, tty: false };
const TTY = { stdin: true, stdout: true, stderr: true, tty: true };
const V4 = ['v4.channel.k8s.io'];
const V5 = ['v5.channel.k8s.io'];

const cat: Run = async ({ stdin, stdout }) => {
  if (stdin === undefined || stdout === undefined) throw new TypeError('streams');
  for await (const chunk of stdin) if (!stdout.write(chunk)) await once(stdout, 'drain');
  return { exitCode: 0 };
};
const exit =
  (outcome: CommandOutcome): Run =>
  async () =>
    outcome;

async function serving(t: Test, run: Run, wanted = ALL, setTimer?: Parameters<typeof serveRemoteCommand>[3]) {
  const server = await listenForUpgrades((upgrade) => serveRemoteCommand(upgrade, wanted, run, setTimer));
  t.teardown(() => server.close());
  return server;
}

function channel({ messages }: Pick<Listener, 'messages'>, number: number): Buffer {
  const parts = messages.filter(({ data }) => data[0] === number).map(({ data }) => data.subarray(1));
  return Buffer.concat(parts);
}

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

t.test('large data both ways at once, whole and in order', async (t) => {
  const server = await serving(t, cat);
  const data = randomBytes(8 * 1024 * 1024);
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

  const { session } = await dialSpdy(server.port, V4);
  const { stdin, stdout } = await openStreams(session, ['error', 'stdin', 'stdout', 'stderr']);
  for (let at = 0; at < data.length; at += 100_003) stdin.write(data.subarray(at, at + 100_003));
  stdin.end();
  t.equal(sum(await readAll(stdout)), sum(data), 'SPDY');
  await session.end();

  const caller = await dialWebSocket(server.port, V5);
  for (let at = 0; at < data.length; at += 100_003) {
    caller.websocket.send(Buffer.concat([Buffer.of(0), data.subarray(at, at + 100_003)]));
  }
  caller.websocket.send(Buffer.of(255, 0));
  await caller.closed;
  t.equal(sum(channel(caller, 1)), sum(data), 'WebSocket');
});

for (const transport of ['SPDY', 'WebSocket'] as const) {
  t.test(
    `${transport}: a caller that reads slowly holds back the command, and gets everything`,
    async (t) => {
      const total = 256 * 1024 * 1024;
      let written = 0;
      const run: Run = async ({ stdout }) => {
        const zeros = Buffer.alloc(64 * 1024);
        for (; written < total; written += zeros.length) {
          if (!(stdout?.write(zeros) ?? true)) await once(stdout ?? process.stdout, 'drain');
        }
        return { exitCode: 0 };
      };
      const server = await serving(t, run, { ...ALL, stdin: false, stderr: false });
      const stalled = async () => {
        for (let before = -1; before !== written || written === 0; ) {
          before = written;
          for (let turns = 0; turns < 500; turns++) await turn();
        }
        // What the kernel's buffers take on loopback is some megabytes.
        t.ok(written < 64 * 1024 * 1024, `${written} bytes were written`);
      };
      let got = 0;
      if (transport === 'SPDY') {
        const { session } = await dialSpdy(server.port, V4);
        const { stdout } = await openStreams(session, ['error', 'stdout']);
        await stalled();
        stdout.on('data', (chunk: Buffer) => {
          got += chunk.length;
        });
        await once(stdout, 'end');
        await session.end();
      } else {
        const websocket = new WebSocket(`ws://127.0.0.1:${server.port}/exec`, V5);
        websocket.on('message', (data: Buffer) => {
          if (data[0] === 1) got += data.length - 1;
        });
        await once(websocket, 'open');
        websocket.pause();
        await stalled();
        websocket.resume();
        await once(websocket, 'close');
      }
      t.equal(got, total, 'everything came');
      await Promise.all(server.served);
    },
  );

  t.test(
    `${transport}: a command that does not read holds back the caller, and pings are answered until then`,
    async (t) => {
      const go = Promise.withResolvers<void>();
      let read = 0;
      const server = await serving(t, async ({ stdin }) => {
        await go.promise;
        for await (const chunk of stdin ?? []) read += chunk.length;
        return { exitCode: 0 };
      });
      const chunk = Buffer.alloc(64 * 1024);
      let sent = 0;
      if (transport === 'SPDY') {
        const { session } = await dialSpdy(server.port, V4);
        const { stdin, error } = await openStreams(session, ['error', 'stdin', 'stdout', 'stderr']);
        await session.ping();
        for (let idle = 0; idle < 500 && sent < 256 * 1024 * 1024; idle++) {
          if (stdin.write(chunk)) idle = 0;
          sent += chunk.length;
          await turn();
        }
        t.ok(stdin.writableNeedDrain, `${sent} bytes were taken, then no more`);
        stdin.end();
        go.resolve();
        await readAll(error);
        await session.end();
      } else {
        const caller = await dialWebSocket(server.port, V5);
        caller.websocket.ping();
        await once(caller.websocket, 'pong');
        while (caller.websocket.bufferedAmount < 32 * 1024 * 1024) {
          caller.websocket.send(Buffer.concat([Buffer.of(0), chunk]));
          sent += chunk.length;
          await turn();
          if (sent > 512 * 1024 * 1024) throw new Error('nothing held the caller back');
        }
        caller.websocket.send(Buffer.of(255, 0));
        go.resolve();
        t.equal(await caller.closed, 1000);
      }
      t.equal(read, sent, 'nothing is lost');
    },
  );

  t.test(`${transport}: a caller that is gone aborts the command`, async (t) => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const server = await serving(t, async ({ gone }) => {
      started.resolve();
      await once(gone, 'abort');
      aborted.resolve();
      return { exitCode: 137 };
    });
    if (transport === 'SPDY') {
      const { session, socket } = await dialSpdy(server.port, V4);
      await openStreams(session, ['error', 'stdin', 'stdout', 'stderr']);
      await started.promise;
      socket.destroy();
    } else {
      const { websocket } = await dialWebSocket(server.port, V5);
      await started.promise;
      websocket.terminate();
    }
    await aborted.promise;
    await Promise.all(server.served);
    t.pass('and the session is over');
  });
}

t.test('a caller that is gone while its input is held back is found out by the probe', async (t) => {
  const time = makeTime();
  const aborted = Promise.withResolvers<void>();
  const server = await serving(
    t,
    async ({ gone }) => {
      await once(gone, 'abort');
      aborted.resolve();
      return { exitCode: 137 };
    },
    ALL,
    time.setTimer,
  );
  const caller = await dialWebSocket(server.port, V5);
  const pong = once(caller.websocket, 'pong');
  caller.websocket.send(Buffer.alloc(8 * 1024 * 1024));
  while (time.waiting().length === 0) await turn();
  time.advance(5_000);
  await pong;
  t.pass('kubectl waits only as long as it gets pongs');
  caller.websocket.terminate();
  await once(caller.websocket, 'close');
  const poke = async () => {
    for (;;) {
      time.advance(5_000);
      await turn();
      if (time.waiting().length === 0) return;
    }
  };
  await Promise.race([aborted.promise, poke()]);
  await aborted.promise;
  t.pass('gone');
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
