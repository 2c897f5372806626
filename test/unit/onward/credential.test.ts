// Whether a 401 means the gate: one question however many ask, remembered for a second, and no answer is no yes.
import t from 'tap';
import { createCredentialCheck, REMEMBERED_MS } from '../../../src/onward/credential.ts';

t.test('only a 401 to the gate’s own question means the gate', async (t) => {
  for (const [status, refused] of [
    [401, true],
    [200, false],
    [403, false],
    [404, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const)
    t.equal(await createCredentialCheck(async () => status)(), refused, `${status}`);
  t.equal(
    await createCredentialCheck(async () => Promise.reject(new Error('no answer')))(),
    false,
    'no answer',
  );
});

t.test('who asks while a question is under way, or just after, shares its answer', async (t) => {
  let now = 0;
  let asked = 0;
  const answers: ((status: number) => void)[] = [];
  const isRefused = createCredentialCheck(
    () => {
      asked++;
      return new Promise((resolve) => answers.push(resolve));
    },
    () => now,
  );
  const all = Promise.all([isRefused(), isRefused(), isRefused()]);
  now += 60_000;
  const late = isRefused();
  answers[0]?.(401);
  t.same(await all, [true, true, true]);
  t.equal(await late, true, 'however long the question takes');
  now += REMEMBERED_MS - 1;
  t.equal(await isRefused(), true);
  t.equal(asked, 1);
  now += 1;
  const next = isRefused();
  answers[1]?.(200);
  t.equal(await next, false, 'asked anew');
  t.equal(asked, 2);
});
