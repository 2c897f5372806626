import t from 'tap';
import { layGround } from './ground.ts';
import { type Growth, growthOf, type Held, leaksIn } from './growth.ts';
import { LEAK_VARIABLE, LEAKS } from './leaks.ts';
import { goWays, newTally } from './rounds.ts';
import { WAYS } from './ways.ts';

// "A leak of one object per session must fail it": the soak's own question, put to gates that do leak one, and to one that does not.

const PRELOAD = `--import=${new URL('./leaks.ts', import.meta.url).href}`;
/** Two to warm up, or what is made once would count; then one that is enough for a slope beyond what comes and goes. */
const ROUNDS = [700, 200, 400] as const;
const AT_ONCE = 40;

async function soak(t: { teardown(end: () => Promise<void>): void }, leak: string): Promise<Growth> {
  const ground = await layGround({ nodeOptions: [PRELOAD], env: { [LEAK_VARIABLE]: leak } });
  t.teardown(() => ground.stop());
  const held: Held[] = [];
  for (const count of ROUNDS) {
    const tally = newTally();
    const going = { count, atOnce: AT_ONCE, token: await ground.token() };
    await goWays(ground.place, WAYS, tally, going);
    if (tally.failures.length > 0) throw new Error(tally.failures.join('\n'));
    held.push(await ground.quiet());
  }
  const [, before, after] = held;
  if (before === undefined || after === undefined) throw new Error('three rounds');
  return growthOf(before, after, ROUNDS[2]);
}

for (const leak of Object.keys(LEAKS))
  t.test(`a gate that keeps ${leak} of each session fails the soak`, async (t) => {
    const leaks = leaksIn(await soak(t, leak));
    t.comment(leaks.join('; '));
    t.not(leaks.length, 0);
  });

t.test('a gate that keeps nothing passes it', async (t) => {
  const growth = await soak(t, '');
  t.comment(JSON.stringify(growth.objects));
  t.same(leaksIn(growth), []);
});
