import { once } from 'node:events';
import { createServer } from 'node:http';
import t from 'tap';
import { type Connections, createLifecycle, type LifecycleDeps } from '../../src/lifecycle.ts';
import { createLog } from '../../src/log.ts';
import { createSessionRegistry, type Session } from '../../src/sessions.ts';
import { makeTime } from '../fakes/time.ts';

/** Connections that end when the test says so. */
function fakeConnections() {
  let resolve = () => {};
  const closed = new Promise<void>((done) => {
    resolve = done;
  });
  const calls: string[] = [];
  const connections: Connections = {
    askToLeave: () => calls.push('ask to leave'),
    follow: () => {},
    close: () => {
      calls.push('close');
      return closed;
    },
    destroy: () => {
      calls.push('destroy');
      resolve();
    },
    size: 1,
  };
  return { connections, calls, end: () => resolve() };
}

function setUp(more: Partial<LifecycleDeps> = {}) {
  const fake = fakeConnections();
  const lines: string[] = [];
  const sessions = createSessionRegistry({ onOpen: () => {}, onEnd: () => {} }, () => 0);
  const lifecycle = createLifecycle({
    connections: fake.connections,
    endStreams: () => fake.calls.push('end streams'),
    ops: () => undefined,
    sessions,
    drainDelayMs: () => 0,
    drainTimeoutMs: () => 60_000,
    log: createLog('info', { write: (text) => void lines.push(JSON.parse(text).msg) }),
    ...more,
  });
  return { ...fake, lines, sessions, lifecycle };
}

t.test('ready only between listening and draining', async (t) => {
  const { lifecycle, end } = setUp();
  t.same([lifecycle.isReady(), lifecycle.isDraining()], [false, false]);
  lifecycle.markReady();
  t.same([lifecycle.isReady(), lifecycle.isDraining()], [true, false]);
  const drained = lifecycle.drain();
  t.same([lifecycle.isReady(), lifecycle.isDraining()], [false, true], 'at once');
  t.equal(lifecycle.drain(), drained, 'once');
  end();
  await drained;
});

t.test(
  'with a delay it is not ready at once, takes new work until the delay is over, and drains then',
  async (t) => {
    const time = makeTime(0);
    const { lifecycle, end, calls, lines } = setUp({ drainDelayMs: () => 5_000, setTimer: time.setTimer });
    lifecycle.markReady();
    const drained = lifecycle.drain();
    const state = () => [lifecycle.isReady(), lifecycle.isLeaving(), lifecycle.isDraining()];
    t.same(state(), [false, true, false]);
    t.same(calls, ['ask to leave']);
    time.advance(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    t.same(state(), [false, true, false]);
    time.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
    t.same(state(), [false, true, true]);
    t.same(calls, ['ask to leave', 'close']);
    end();
    await drained;
    t.same(lines, ['leaving: not ready, still serving', 'draining']);
  },
);

t.test(
  'a drain ends when connections and sessions have ended, whichever is last, and closes nothing',
  async (t) => {
    const { lifecycle, end, sessions, calls, lines } = setUp();
    const session = { id: '1', close: () => t.fail('closed') } as unknown as Session;
    sessions.add(session);
    let over = false;
    const drained = lifecycle.drain().then(() => {
      over = true;
    });
    end();
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(over, false);
    sessions.remove(session, 'client', '');
    await drained;
    t.same(calls, ['close']);
    t.same(lines, ['draining']);
  },
);

t.test(
  'after the timeout sessions are closed with the reason, then connections, then the ops listener',
  async (t) => {
    const ops = createServer();
    ops.listen(0, '127.0.0.1');
    await once(ops, 'listening');
    const { lifecycle, sessions, calls, lines } = setUp({ drainTimeoutMs: () => 0, ops: () => ops });
    const session = {
      id: '1',
      close: (reason: string) => {
        calls.push(reason);
        t.equal(ops.listening, true);
        sessions.remove(session, 'drained', '');
      },
    } as unknown as Session;
    sessions.add(session);
    await lifecycle.drain();
    t.same(calls, ['close', 'drained', 'end streams', 'destroy']);
    t.equal(ops.listening, false);
    t.equal(lines.length, 3);
  },
);
