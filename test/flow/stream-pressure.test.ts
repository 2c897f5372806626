import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import { makeTime } from '../fakes/time.ts';
import { dialSpdy, dialWebSocket, openStreams, readAll } from '../unit/practice/stream/callers.ts';
import { ALL, cat, channel, type Run, serving, V4, V5 } from './remotecommands.ts';

// exec and attach when one side is slower than the other, or gone: nothing is lost, and nobody is waited for in vain (protocol.md §1.4 to §1.6).

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
