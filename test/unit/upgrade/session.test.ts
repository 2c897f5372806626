// The limits on a session's life.
import t from 'tap';
import type { SetTimer } from '../../../src/delay.ts';
import type { Exchange } from '../../../src/exchange.ts';
import { limitSession, newSession } from '../../../src/upgrade/session.ts';
import { makeTime } from '../../fakes/time.ts';

const IDLE_MS = 60_000;

function setUp() {
  const time = makeTime(0);
  let cancelled = 0;
  const setTimer: SetTimer = (callback, delayMs) => {
    const cancel = time.setTimer(callback, delayMs);
    return () => {
      cancelled++;
      cancel();
    };
  };
  const sessions = { endOnExpiry: false, maxDurationMs: 0, idleTimeoutMs: IDLE_MS };
  const exchange = {
    ...{ id: '1', upgrade: 'websocket', forwardTarget: '/api/v1/namespaces/a/pods/b/exec' },
    generation: { config: { sessions } },
  } as unknown as Exchange;
  const session = newSession(exchange, 0);
  const ends: string[] = [];
  session.close = (reason, detail = '') => void ends.push(`${reason} ${detail}`);
  const disarm = limitSession(session, exchange, { now: time.clock.now, setTimer });
  return { time, session, ends, disarm, cancelled: () => cancelled };
}

t.test(
  'a session that is never idle for long is looked at once in idleTimeout, and keeps nothing of earlier looks',
  async (t) => {
    const { time, session, ends, disarm, cancelled } = setUp();
    for (let look = 0; look < 1000; look++) {
      session.received.up++;
      time.advance(IDLE_MS);
    }
    t.same(ends, []);
    t.same(time.waiting(), [IDLE_MS]);
    disarm();
    t.equal(cancelled(), 1);
    t.same(time.waiting(), []);
  },
);

t.test('one that is idle ends', async (t) => {
  const { time, session, ends } = setUp();
  session.received.down++;
  time.advance(IDLE_MS);
  time.advance(IDLE_MS);
  t.same(ends, ['expired sessions.idleTimeout']);
});
