import t from 'tap';
import type { AuthenticationRequest } from '../../src/authn/authenticator.ts';
import { DOOR_EVIDENCE, NO_EVIDENCE, type Outcome } from '../../src/authn/outcome.ts';
import type { Exchange } from '../../src/exchange.ts';
import type { Generation } from '../../src/generation.ts';
import { freezeUserInfo } from '../../src/kube/userinfo.ts';
import { createLog } from '../../src/log.ts';
import { AT_ONCE, createRounds, ROUND_MS } from '../../src/rounds.ts';
import type { Stay } from '../../src/stays.ts';
import { makeTime } from '../fakes/time.ts';

// Who is in by a service account's token, asked about again: once in ROUND_MS, AT_ONCE at a time, and what each answer comes to.

const RUNNER = freezeUserInfo({ username: 'system:serviceaccount:ci:runner', uid: '7' });
const allowed: Outcome = {
  kind: 'user',
  user: freezeUserInfo({ username: RUNNER.username, uid: '7' }),
  evidence: DOOR_EVIDENCE.serviceAccount,
  expiresAt: Number.POSITIVE_INFINITY,
  source: 'bearer',
};
const rejected = (code: 'TOKEN_REFUSED_BY_CLUSTER' | 'TOKEN_EXPIRED'): Outcome => ({
  kind: 'rejected',
  code,
  detail: 'why',
  source: 'bearer',
});

interface Asked {
  readonly request: AuthenticationRequest;
  readonly answer: (outcome: Outcome) => void;
}

/** Rounds over these; each question waits for its answer. */
function setUp(exchanges: readonly Partial<Exchange>[], clusters = ['lab']) {
  const time = makeTime(1_000_000);
  const asked: Asked[] = [];
  const ended: { readonly id: string; readonly detail: string }[] = [];
  const lines: string[] = [];
  const generation = {
    clusters: clusters.map((name) => ({ name, reviewer: { name } })),
    isTrusted: () => false,
    // Strangers of the same address send more than they may: who is in is judged all the same.
    admission: { strangers: { isSpent: () => true } },
    authenticator: {
      again: (request: AuthenticationRequest) =>
        new Promise<Outcome>((answer) => asked.push({ request, answer })),
    },
  } as unknown as Generation;
  const open = exchanges.map((one, index): Stay => {
    const exchange = {
      ...{ id: String(index), user: RUNNER, evidence: DOOR_EVIDENCE.serviceAccount, rawHeaders: [] },
      ...{ expiresAt: Number.POSITIVE_INFINITY, upstream: { name: 'lab' } },
      ...one,
    } as unknown as Exchange;
    return { exchange, end: (detail) => ended.push({ id: exchange.id, detail }) };
  });
  const rounds = createRounds({
    stays: { open },
    current: () => generation,
    now: time.clock.now,
    log: createLog('info', { write: (text: string) => void lines.push(text) }),
    setTimer: time.setTimer,
  });
  t.teardown(rounds.close);
  return { rounds, time, asked, ended, lines };
}

const turn = () => new Promise(setImmediate);

// [the answer, what is said to the log of the session, or undefined when it stays]
const answers: readonly (readonly [string, Outcome, RegExp | undefined])[] = [
  ['the same user', allowed, undefined],
  [
    'another user',
    { ...allowed, user: freezeUserInfo({ username: RUNNER.username, uid: '8' }) },
    /another user/,
  ],
  ['a refusal', rejected('TOKEN_REFUSED_BY_CLUSTER'), /^why$/],
  ['no answer', { kind: 'unavailable', cause: new Error('down'), source: 'bearer' }, undefined],
  // It ends by itself then, if sessions.endOnExpiry wants it.
  ['that it has just ended', rejected('TOKEN_EXPIRED'), undefined],
  ['no credential', { kind: 'noOpinion' }, /no credential any more/],
];
for (const [what, outcome, why] of answers)
  t.test(`${what}: ${why === undefined ? 'it stays' : 'it ends'}`, async (t) => {
    const { rounds, asked, ended } = setUp([{}]);
    const over = rounds.go();
    await turn();
    asked[0]?.answer(outcome);
    await over;
    if (why === undefined) t.same(ended, []);
    else t.match(ended, [{ id: '0', detail: why }]);
  });

t.test('nobody else is asked about', async (t) => {
  const { rounds, asked, ended } = setUp(
    [
      { evidence: NO_EVIDENCE },
      { evidence: DOOR_EVIDENCE.certificate },
      { evidence: DOOR_EVIDENCE.aws },
      { expiresAt: 1_000_000 },
      { upstream: { name: 'gone' } as Exchange['upstream'] },
    ],
    ['lab'],
  );
  await rounds.go();
  t.same(asked, []);
  t.same(ended, []);
});

t.test(
  'a round begins ROUND_MS after the one before has ended, with AT_ONCE questions at most',
  async (t) => {
    const { time, asked } = setUp(Array.from({ length: AT_ONCE + 1 }, () => ({})));
    time.advance(ROUND_MS - 1);
    await turn();
    t.equal(asked.length, 0);
    time.advance(1);
    await turn();
    t.equal(asked.length, AT_ONCE);
    time.advance(10 * ROUND_MS);
    await turn();
    t.equal(asked.length, AT_ONCE, 'what is not answered is waited for');
    for (const { answer } of asked) answer(allowed);
    await turn();
    t.equal(asked.length, AT_ONCE + 1);
    asked.at(-1)?.answer(allowed);
    await turn();
    t.same(time.waiting(), [ROUND_MS]);
  },
);

t.test('a reload in the middle of a round makes one more, however often it comes', async (t) => {
  const { rounds, asked } = setUp([{}]);
  const first = rounds.go();
  await turn();
  const [second, third] = [rounds.go(), rounds.go()];
  t.equal(second, third);
  asked[0]?.answer(allowed);
  await first;
  await turn();
  t.equal(asked.length, 2);
  asked[1]?.answer(allowed);
  await second;
  t.equal(asked.length, 2);
});

t.test('the log has how many, and nothing of a token', async (t) => {
  const { rounds, asked, lines } = setUp([{}, {}]);
  const over = rounds.go();
  await turn();
  asked[0]?.answer(rejected('TOKEN_REFUSED_BY_CLUSTER'));
  asked[1]?.answer({ kind: 'unavailable', cause: new Error('down'), source: 'bearer' });
  await over;
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { msg: 'ended what the cluster does not let in any more', ended: 1 },
      { msg: 'open sessions of service accounts could not be looked at again', unanswered: 1 },
    ],
  );
});

t.test('a session that can not be ended keeps no other one from being looked at again', async (t) => {
  const { rounds, time, asked, lines, ended } = setUp([{}]);
  ended.push = () => {
    throw new Error('broken');
  };
  const over = rounds.go();
  await turn();
  asked[0]?.answer(rejected('TOKEN_REFUSED_BY_CLUSTER'));
  await over;
  t.match(JSON.parse(lines[0] ?? ''), { level: 'error', msg: 'open sessions were not looked at to the end' });
  t.same(time.waiting(), [ROUND_MS]);
  const next = rounds.go();
  await turn();
  t.equal(asked.length, 2);
  asked[1]?.answer(allowed);
  await next;
});

t.test('after its end it asks nobody and says nothing', async (t) => {
  const { rounds, time, asked, lines } = setUp([{}]);
  const over = rounds.go();
  await turn();
  rounds.close();
  asked[0]?.answer({ kind: 'unavailable', cause: new Error('closed'), source: 'bearer' });
  await over;
  t.same(lines, []);
  t.same(time.waiting(), []);
  await rounds.go();
  t.equal(asked.length, 1);
});
