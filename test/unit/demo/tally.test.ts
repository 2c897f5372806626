import t from 'tap';
import { type Fact, readFact } from '../../../src/demo/facts.ts';
import { createTally, quantile, renderSummary } from '../../../src/demo/tally.ts';
import { bytesText, durationText } from '../../../src/demo/units.ts';

function fact(fields: object): Fact {
  const read = readFact(JSON.stringify({ level: 'info', time: '', msg: 'request', ...fields }));
  if (read === undefined) throw new Error('no fact');
  return read;
}

t.test(
  'counts requests, people, denials by whom, sessions by kind, and what the gate added to short requests',
  async (t) => {
    const tally = createTally(1_000);
    const erin = { user: 'erin' };
    const answered = { ...erin, resource: 'pods', verb: 'get', status: 200 };
    for (const ms of [1, 2, 3]) tally.add(fact({ ...answered, durationMs: 10 + ms, upstreamMs: 10 }));
    tally.add(fact({ ...answered, verb: 'watch', durationMs: 60_000, upstreamMs: 1 }));
    tally.add(fact({ ...answered, subresource: 'log', durationMs: 60_000, upstreamMs: 1 }));
    tally.add(
      fact({ ...answered, subresource: 'exec', upgrade: 'spdy', status: 101, durationMs: 50, upstreamMs: 1 }),
    );
    tally.add(fact({ user: 'ada', status: 403, durationMs: 4, upstreamMs: 3 }));
    tally.add(fact({ user: '', status: 401, error: 'CREDENTIALS_MISSING', durationMs: 1 }));
    tally.add(fact({ ...erin, status: 502, error: 'UPSTREAM_RESET', durationMs: 1 }));
    const session = { msg: 'session ended', bytesUp: 10, bytesDown: 200 };
    tally.add(fact({ ...session, kind: 'portforward' }));
    tally.add(fact({ ...session, kind: 'exec' }));
    tally.add(fact({ ...session, kind: 'exec' }));
    const summary = tally.summary(253_000);
    t.same(summary, {
      durationMs: 252_000,
      requests: 9,
      people: 2,
      sessions: 3,
      sessionsByKind: { exec: 2, portforward: 1 },
      bytesUp: 30,
      bytesDown: 600,
      deniedByGate: 1,
      deniedByCluster: 1,
      added: { of: 4, p50Ms: 1, p99Ms: 3 },
    });
    t.equal(
      renderSummary(summary),
      `In this demo, 4 min 12 s:
  requests            9, of 2 people
  sessions            3 (exec 2, portforward 1)
  bytes in sessions   30 B up, 600 B down
  denials             1 by the gate, 1 by the cluster
  added by the gate   p50 1.0 ms, p99 3.0 ms over 4 short requests
`,
    );
  },
);

t.test('a demo in which nothing happened says so', async (t) => {
  const summary = createTally(0).summary(1500);
  t.equal(summary.added, null);
  t.match(renderSummary(summary), 'nothing measured');
});

t.test('quantiles are values that were measured (nearest rank)', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  t.equal(quantile(hundred, 0.5), 50);
  t.equal(quantile(hundred, 0.99), 99);
  t.equal(quantile([7], 0.99), 7);
});

t.test('times and sizes as people read them', async (t) => {
  for (const [ms, text] of [
    [0, '0.0 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_940, '59.9 s'],
    [60_000, '1 min 0 s'],
    [3_599_000, '59 min 59 s'],
    [3_660_000, '1 h 1 min'],
  ] as const)
    t.equal(durationText(ms), text);
  for (const [bytes, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9_960, '10 kB'],
    [999_600, '1.0 MB'],
    [34_000_000, '34 MB'],
    [2e15, '2000 TB'],
  ] as const)
    t.equal(bytesText(bytes), text);
});
