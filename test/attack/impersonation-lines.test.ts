// S6, S7, S40: a caller with a good token who brings Impersonate-* lines, on every way, at a cluster that refuses them and at one that asks the cluster's
// RBAC. They are never dropped, never merged with the gate's, and what cannot be carried out exactly is refused before anybody is asked.

import t, { type Test } from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { startReviewing } from './reviews.ts';
import { ALICE, identityIn, openWays, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-impersonation-lines');
const upstream = await startReviewing();
const ground = await startGround(t, {
  upstream,
  upstreams: [
    {
      name: 'refusing',
      upstream,
      match: { pathPrefix: '/refuse' },
      cluster: { impersonation: 'Refuse' },
    },
    { name: 'checking', upstream },
  ],
});

/** Lines that are refused where nobody may impersonate, and malformed where somebody may. */
const NEVER: readonly (readonly string[])[] = [
  ['Impersonate-User: '],
  ['Impersonate-User: system:admin', 'Impersonate-User: alice@example.com'],
  ['Impersonate-User: alice@example.com', 'impersonate-user: alice@example.com'],
  ['Impersonate-Group: system:masters'],
  ['impersonate-group: system:masters', 'Impersonate-Group: engineers'],
  ['Impersonate-Uid: alice-id'],
  ['Impersonate-Extra-Foo: x'],
  ['Impersonate-Extra-%2f: x'],
  ['Impersonate-User: a', 'Impersonate-Extra-: x'],
  ['Impersonate-User: a', 'Impersonate-Extra-%41: x'],
  ['Impersonate-User: a', 'Impersonate-Extra-%ff: x'],
  ['Impersonate-User: a', 'Impersonate-Extra-%c0%ae: x'],
  ['Impersonate-User: a', 'Impersonate-Extra-postern.dev%2Foriginal-user: {}'],
  ['Impersonate-User: a', 'Impersonate-Extra-postern.dev%2foriginal%2Duser: {}'],
  ['Impersonate-User: a', 'Impersonate-Extra-%70ostern.dev%2foriginal-user: {}'],
  ['Impersonate-User: a', 'IMPERSONATE-EXTRA-POSTERN.DEV%2FORIGINAL-USER: {}'],
  ['Impersonate-User: a', 'Impersonate-Uid: 1', 'Impersonate-Uid: 2'],
  ['Impersonate-User: a', 'Impersonate-Group: '],
  ['Impersonate-User: a', 'Impersonate-Whatever: x'],
  ['Impersonate-User: a', 'Impersonate-Username: x'],
  ['Impersonate-User: a', 'Impersonate-Groups: system:masters'],
  ['Impersonate-User: a', 'Impersonate--User: system:admin'],
  ['Impersonate-User: \xff\xfe'],
  ['Impersonate-User: a\xc2\xa0'],
  // S7: what some server reads as the one above.
  ['Impersonate_User: system:admin'],
  ['impersonate_user: system:admin', 'Impersonate-User: a'],
  ['Impersonate-User: a', 'Impersonate_Group: system:masters'],
  ['IMPERSONATE_EXTRA_scopes: x'],
  ['Impersonate-User: a', 'Impersonate-Extra_scopes: x'],
];

/** S40: each value is a question to the cluster. */
const TOO_MANY: readonly (readonly [number, (i: number) => string])[] = [
  [33, (i) => `Impersonate-Group: g${i}`],
  [2000, (i) => `Impersonate-Group: g${i}`],
  [2000, () => 'Impersonate-Group: same'],
  [500, (i) => `Impersonate-Extra-k${i}: v`],
  [500, (i) => `Impersonate-Extra-scopes: v${i}`],
  [1000, () => 'Impersonate-User: a'],
  [500, () => 'Impersonate-Uid: a'],
];

/** One that is good as kubectl sends it, and what of it is asked and sent on. */
const GOOD = [
  'Impersonate-User: bob',
  'Impersonate-Group: g,1',
  'Impersonate-Group: g2',
  'Impersonate-Extra-example.com%2fscopes: view',
];

for (const way of openWays(t, ground, { prefix: '/refuse' })) {
  for (const lines of [...NEVER, ['Impersonate-User: alice@example.com'], GOOD])
    await facts.attack('S6', `${describe(lines)} where none may (${way.name})`, async (t) => {
      const asked = upstream.reviews.length;
      const reply = await ground.reachesNobody(t, 'never-here', () =>
        way.send([...lines, 'X-M: never-here']),
      );
      t.match(said(reply), { status: 403, kind: 'Status', code: 403, cause: 'IMPERSONATION_REFUSED' });
      t.equal(upstream.reviews.length, asked);
    });
}

for (const way of openWays(t, ground)) {
  for (const lines of NEVER)
    await facts.attack('S6', `${describe(lines)} where some may (${way.name})`, (t) =>
      refusedUnasked(t, () => way.send([...lines, 'X-M: never-here']), 400, 'IMPERSONATION_MALFORMED'),
    );
  for (const [count, line] of TOO_MANY) {
    const lines = ['Impersonate-User: a', ...Array.from({ length: count }, (_, i) => line(i))];
    await facts.attack('S40', `${count} times ${line(0)} (${way.name})`, async (t) => {
      const begin = performance.now();
      await refusedUnasked(t, () => way.send([...lines, 'X-M: never-here']), 431, 'IMPERSONATION_TOO_MANY');
      t.ok(performance.now() - begin < 5000, 'at once');
    });
  }
  await facts.attack('S6', `somebody whom the cluster does not let (${way.name})`, async (t) => {
    upstream.judge(() => false);
    const target = `denied-${way.name.replaceAll(/\W/g, '')}`;
    const reply = await reachesReviewsOnly(t, () => way.send([`Impersonate-User: ${target}`]));
    t.match(said(reply), { status: 403, cause: 'IMPERSONATION_FORBIDDEN' });
  });
  await facts.attack(
    'S6',
    `somebody whom the cluster lets: the target alone, the original beside it (${way.name})`,
    async (t) => {
      upstream.judge(() => true);
      const marker = `good-${way.name.replaceAll(/\W/g, '')}-end`;
      t.equal((await way.send([...GOOD, `X-M: ${marker}`])).status, way.isUpgrade ? 101 : 200);
      t.same(identityIn(requestWith(ground, marker)), [
        ALICE[0],
        'impersonate-user: bob',
        'impersonate-group: g,1',
        'impersonate-group: g2',
        'impersonate-extra-example.com%2fscopes: view',
        'impersonate-extra-postern.dev%2foriginal-user: {"username":"alice@example.com","uid":"alice-id","groups":["engineers"]}',
      ]);
      t.ok(
        upstream.reviews.every(({ spec }) => spec['user'] === 'alice@example.com'),
        'the cluster was asked about who asks, never about the target',
      );
    },
  );
}

await facts.attack('S40', '32 values: one bounded batch of reviews, and each once', async (t) => {
  upstream.judge(() => true);
  const before = upstream.reviews.length;
  const [way] = openWays(t, ground);
  const lines = Array.from({ length: 31 }, (_, i) => `Impersonate-Group: many-${i}`);
  const replies = await Promise.all([1, 2, 3, 4].map(() => way.send(['Impersonate-User: many', ...lines])));
  t.same(
    replies.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const questions = upstream.reviews
    .slice(before)
    .map(({ spec }) => JSON.stringify(spec['resourceAttributes']));
  t.equal(new Set(questions).size, questions.length, 'no question twice');
  t.ok(questions.length <= 64, `${questions.length} questions for four requests`);
});

/** Refused before the cluster was asked anything. */
async function refusedUnasked(
  t: Test,
  act: () => ReturnType<ReturnType<typeof openWays>[number]['send']>,
  status: number,
  cause: string,
): Promise<void> {
  const asked = upstream.reviews.length;
  const reply = await ground.reachesNobody(t, 'never-here', act);
  t.match(said(reply), { status, kind: 'Status', code: status, cause });
  t.equal(upstream.reviews.length, asked, 'nobody was asked');
}

/** Nothing but reviews has gone to the upstream. */
async function reachesReviewsOnly<T>(t: Test, act: () => Promise<T>): Promise<T> {
  const before = upstream.requests().length;
  const asked = upstream.reviews.length;
  const result = await act();
  await ground.settle();
  t.equal(
    upstream.requests().length - before,
    upstream.reviews.length - asked + 1,
    'reviews, and what settles',
  );
  return result;
}

function describe(lines: readonly string[]): string {
  return lines.join(' | ').replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}
