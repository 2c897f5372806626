import t from 'tap';
import { parseTarget } from '../../../src/kube/path.ts';
import { type RequestInfo, resolveRequestInfo } from '../../../src/kube/requestinfo.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';
import {
  ALLOWED_AGE_MS,
  type AskCluster,
  createImpersonationCheck,
  DENIED_AGE_MS,
  MAX_WAITING,
} from '../../../src/onward/check.ts';
import { heldBytes } from '../../fakes/heap.ts';
import { makeTime } from '../../fakes/time.ts';

// The bounds of `kubectl --as`: field-lessons S40 (Tremolo#94), and how long an answer holds.
const alice = freezeUserInfo({ username: 'alice' });
const INFO = infoOf('/api/v1/pods');
const UNSEEN = { onCheck: () => {}, onReview: () => {} };

function infoOf(path: string): RequestInfo {
  const parsed = parseTarget(path);
  const info = parsed.ok ? resolveRequestInfo('GET', parsed.target) : undefined;
  if (info === undefined || 'error' in info) throw new TypeError(path);
  return info;
}

/** A cluster that answers by `allows`, and counts. */
function cluster(allows: (verb: string, name: string) => boolean) {
  const asked: string[] = [];
  const ask: AskCluster = async (_path, body) => {
    const { spec } = JSON.parse(body) as { spec: { resourceAttributes: { verb: string; name: string } } };
    const { verb, name } = spec.resourceAttributes;
    asked.push(`${verb} ${name}`);
    const status = { allowed: allows(verb, name), reason: 'RBAC' };
    return { status: 201, body: JSON.stringify({ kind: 'SubjectAccessReview', status }) };
  };
  return { ask, asked };
}

t.test('all parts are asked at once, and one no is a no, in the words of the first', async (t) => {
  const { ask, asked } = cluster((_verb, name) => name !== 'g2');
  const check = createImpersonationCheck(ask, () => 0, UNSEEN);
  const wanted = freezeUserInfo({ username: 'bob', groups: ['g1', 'g2', 'g3'] });
  t.match(await check(alice, wanted, INFO), {
    kind: 'denied',
    question: { verb: 'impersonate', resource: 'groups', name: 'g2' },
    reason: 'RBAC',
  });
  t.same(asked.slice(0, 4), ['impersonate bob', 'impersonate g1', 'impersonate g2', 'impersonate g3']);
});

t.test('an agent is asked about as its node with the keys of its extras, not their values', async (t) => {
  const key = 'authentication.kubernetes.io';
  const extra = { [`${key}/pod-name`]: ['log-x1'], [`${key}/node-name`]: ['n1'] };
  const agent = freezeUserInfo({ username: 'system:serviceaccount:agents:log', extra });
  const specs: Record<string, unknown>[] = [];
  const ask: AskCluster = async (_path, body) => {
    const { spec } = JSON.parse(body);
    specs.push(spec);
    const status = { allowed: /associated-node/.test(spec.resourceAttributes.verb) };
    return { status: 201, body: JSON.stringify({ kind: 'SubjectAccessReview', status }) };
  };
  const check = createImpersonationCheck(ask, () => 0, UNSEEN);
  const wanted = freezeUserInfo({ username: 'system:node:n1' });
  const allowed = { kind: 'allowed', groups: ['system:nodes'] };
  t.same(await check(agent, wanted, INFO), allowed);
  t.same(
    specs.map(({ extra }) => extra),
    [
      extra,
      ...Array.from({ length: 2 }, () => ({
        [`${key}/associated-node-keys`]: [`${key}/node-name`, `${key}/pod-name`],
      })),
    ],
  );
  t.same(await check(agent, wanted, INFO), allowed);
  t.equal(specs.length, 3, 'the answers are remembered');
});

t.test('answers about names of half a MiB are remembered without them', async (t) => {
  const { ask } = cluster(() => false);
  let asked = 0;
  const counting: AskCluster = (path, body) => {
    asked++;
    return ask(path, body.replaceAll('x', ''));
  };
  const check = createImpersonationCheck(counting, () => 0, UNSEEN);
  const wanted = (i: number) => freezeUserInfo({ username: `${i}${'x'.repeat(512 * 1024)}` });
  const before = heldBytes();
  for (let i = 0; i < 100; i++) await check(alice, wanted(i), INFO);
  const held = heldBytes() - before;
  t.ok(held < 20 * 1024 * 1024, `${held} bytes are held`);
  const first = asked;
  for (let i = 0; i < 100; i++) await check(alice, wanted(i), INFO);
  t.equal(asked, first, 'and they are found');
});

t.test('constrained impersonation is asked for when the old verb is denied, and suffices', async (t) => {
  const { ask, asked } = cluster((verb) => verb !== 'impersonate');
  const check = createImpersonationCheck(ask, () => 0, UNSEEN);
  const wanted = freezeUserInfo({ username: 'system:node:n1' });
  t.same(await check(alice, wanted, INFO), { kind: 'allowed', groups: ['system:nodes'] });
  t.same(asked, [
    'impersonate system:node:n1',
    'impersonate-on:arbitrary-node:list ',
    'impersonate:arbitrary-node n1',
  ]);
  const half = cluster((verb) => verb.startsWith('impersonate:'));
  const refused = await createImpersonationCheck(half.ask, () => 0, UNSEEN)(alice, wanted, INFO);
  t.match(refused, { kind: 'denied', question: { verb: 'impersonate' } }, 'half of it does not');
});

t.test('a yes holds for seconds, a no for fewer, each for one user only', async (t) => {
  const time = makeTime(0);
  let allowed = true;
  const { ask, asked } = cluster(() => allowed);
  const check = createImpersonationCheck(ask, time.clock.now, UNSEEN);
  const bob = freezeUserInfo({ username: 'bob' });
  await check(alice, bob, INFO);
  allowed = false;
  time.advance(ALLOWED_AGE_MS - 1);
  t.match(await check(alice, bob, INFO), { kind: 'allowed' });
  t.equal(asked.length, 1);
  t.match(
    await check(freezeUserInfo({ username: 'alice' }), bob, INFO),
    { kind: 'denied' },
    'another verified identity',
  );
  time.advance(1);
  t.match(await check(alice, bob, INFO), { kind: 'denied' });
  const before = asked.length;
  time.advance(DENIED_AGE_MS - 1);
  await check(alice, bob, INFO);
  t.equal(asked.length, before);
  allowed = true;
  time.advance(1);
  t.match(await check(alice, bob, INFO), { kind: 'allowed' });
});

t.test('requests that come meanwhile wait for the same answer', async (t) => {
  const answers: ((allowed: boolean) => void)[] = [];
  const check = createImpersonationCheck(
    () =>
      new Promise((resolve) =>
        answers.push((allowed) =>
          resolve({
            status: 201,
            body: JSON.stringify({ kind: 'SubjectAccessReview', status: { allowed } }),
          }),
        ),
      ),
    () => 0,
    UNSEEN,
  );
  const bob = freezeUserInfo({ username: 'bob' });
  const both = Promise.all([check(alice, bob, INFO), check(alice, bob, INFO)]);
  t.equal(answers.length, 1);
  answers[0]?.(true);
  t.match(await both, [{ kind: 'allowed' }, { kind: 'allowed' }]);
});

t.test('a failure is no answer, and is not remembered', async (t) => {
  let failing = true;
  const { ask } = cluster(() => true);
  const check = createImpersonationCheck(
    async (path, body) => {
      if (failing) throw new Error('down');
      return ask(path, body);
    },
    () => 0,
    UNSEEN,
  );
  const bob = freezeUserInfo({ username: 'bob' });
  t.match(await check(alice, bob, INFO), { kind: 'unavailable', cause: { message: 'down' } });
  failing = false;
  t.match(await check(alice, bob, INFO), { kind: 'allowed' });
});

t.test(
  'S40: one user has a bounded number of questions under way, and nobody else waits for them',
  async (t) => {
    let open = 0;
    const check = createImpersonationCheck(
      () => {
        open++;
        return new Promise(() => {});
      },
      () => 0,
      UNSEEN,
    );
    const targets = (prefix: string) =>
      freezeUserInfo({ username: prefix, groups: Array.from({ length: 31 }, (_, i) => `${prefix}${i}`) });
    void check(alice, targets('a'), INFO);
    void check(alice, targets('b'), INFO);
    t.equal(open, MAX_WAITING);
    t.match(await check(alice, targets('c'), INFO), { kind: 'unavailable' });
    t.equal(open, MAX_WAITING, 'nothing more was asked');
    void check(freezeUserInfo({ username: 'zoe' }), targets('d'), INFO);
    t.equal(open, MAX_WAITING + 32);
  },
);

t.test(
  'each check is told with what it came to, each question once with the time that it took',
  async (t) => {
    const time = makeTime(0);
    const told: unknown[][] = [];
    let answer: () => { status: number; body: string } | Promise<never>;
    const say = (allowed: boolean) => ({
      status: 201,
      body: JSON.stringify({ kind: 'SubjectAccessReview', status: { allowed } }),
    });
    const check = createImpersonationCheck(
      async () => {
        time.advance(7);
        return answer();
      },
      time.clock.now,
      {
        onCheck: (outcome) => told.push(['check', outcome]),
        onReview: (outcome, durationMs) => told.push(['review', outcome, durationMs]),
      },
    );
    const ask = async (name: string) => {
      told.length = 0;
      await check(alice, freezeUserInfo({ username: name, groups: [] }), INFO);
      return [...told];
    };
    answer = () => say(true);
    t.same(await ask('bob'), [
      ['review', 'allowed', 7],
      ['check', 'allowed'],
    ]);
    t.same(await ask('bob'), [['check', 'allowed']], 'what is remembered was not asked');
    answer = () => say(false);
    t.match(await ask('carl'), [
      ['review', 'denied'],
      ['review', 'denied'],
      ['review', 'denied'],
      ['check', 'denied'],
    ]);
    answer = () => ({ status: 403, body: '' });
    t.match(await ask('dora'), [
      ['review', 'forbidden'],
      ['check', 'forbidden'],
    ]);
    answer = () => Promise.reject(new Error('down'));
    t.match(await ask('emil'), [
      ['review', 'unavailable'],
      ['check', 'unavailable'],
    ]);
  },
);
