// When a replica tells of what has changed: whatever becomes of the wall clock meanwhile.
import t from 'tap';
import { createLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { startPresence } from '../../../src/presence/presence.ts';
import { MIN_APART_MS, RENEW_MS, TIDY_MS } from '../../../src/roster/keeper.ts';
import { type Page, unpackPage } from '../../../src/roster/page.ts';
import { createStays } from '../../../src/stays.ts';
import { makeTime } from '../../fakes/time.ts';

const HOUR_MS = 3_600_000;

/** A replica on a board that takes everything. */
async function join() {
  const time = makeTime(0);
  let setBy = 0;
  const pages: Page[] = [];
  let tidied = 0;
  const presence = startPresence({
    board: {
      publish: async (packed) => {
        const page = await unpackPage(packed);
        if (page !== undefined) pages.push(page);
      },
      withdraw: async () => {},
      follow: (_hearer, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
      tidy: async () => void tidied++,
      close: async () => {},
    },
    kind: 'redis',
    facts: { replica: 'a', name: 'a-host', version: '1', startedAt: HOUR_MS },
    stays: createStays(),
    sessions: { open: new Map() },
    metrics: createMetrics({ version: '1', node: '26' }),
    log: createLog('error', { write: () => {} }),
    now: () => 2 * HOUR_MS + time.clock.now() + setBy,
    elapsed: time.clock.now,
    random: () => 1,
    setTimer: time.setTimer,
  });
  const pageComes = async (count: number) => {
    while (pages.length < count) await new Promise((resolve) => setImmediate(resolve));
    // What the keeper does after it.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  time.advance(0);
  await pageComes(1);
  return {
    ...{ time, pages, presence, pageComes },
    tidied: () => tidied,
    setClock: (byMs: number) => {
      setBy += byMs;
    },
  };
}

t.test('a change is told within seconds after the clock was set back by an hour', async (t) => {
  const { time, pages, presence, pageComes, setClock } = await join();
  setClock(-HOUR_MS);
  presence.leave();
  t.same(time.waiting(), [MIN_APART_MS]);
  time.advance(MIN_APART_MS);
  await pageComes(2);
  t.match(pages[1], { state: 'leaving', renewedAt: HOUR_MS + MIN_APART_MS });
  await presence.stop();
});

t.test('and what others left is looked for as ever', async (t) => {
  const { time, presence, pageComes, setClock, tidied } = await join();
  setClock(-HOUR_MS);
  for (let count = 2; count <= 1 + TIDY_MS / RENEW_MS; count++) {
    time.advance(RENEW_MS);
    await pageComes(count);
  }
  t.equal(tidied(), 1);
  await presence.stop();
});
