import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { countedEnds, countedOpen, differences } from './counted.ts';
import { GATE_WAYS, goGateWay } from './gateways.ts';
import { layGround } from './ground.ts';
import { allowedObjects, BOUNDS, growthOf, type Held, leaksIn } from './growth.ts';
import { closed, follow, open } from './pairs.ts';
import { goWays, kindAndProtocol, newTally } from './rounds.ts';
import { readSizes } from './sizes.ts';
import { WAYS } from './ways.ts';

// Issue 8 §3: 10,000 sessions opened and closed in all the ways; field-lessons.md P14, S39. What the metrics call each end is compared with what was
// done to it, and what the gate holds after so many with what it held before.

const facts = recordFacts('soak-sessions');
const { sessions } = readSizes();
/** A fifth warms up: code is compiled, buffers that are kept are there. */
const ROUNDS = [0.2, 0.4, 0.4] as const;
const AT_ONCE = 100;
/** Of each way of the gate's own, in each round. */
const BY_GATE = 40;
const DRAINED = 100;

t.test(`${sessions} sessions, opened and ended in every way`, async (t) => {
  const ground = await layGround();
  t.teardown(() => ground.stop());
  const { gate, place } = ground;
  const tally = newTally();
  const token = await ground.token();
  const held: Held[] = [];
  const perGate = BY_GATE * GATE_WAYS.length;
  for (const part of ROUNDS) {
    const count = Math.round(sessions * part);
    const going = { count: Math.max(WAYS.length, count - perGate), atOnce: AT_ONCE, token };
    await goWays(place, WAYS, tally, going);
    for (const way of GATE_WAYS) await goGateWay(ground, way, tally, BY_GATE);
    held.push(await ground.quiet());
    t.comment(`${sum(tally)} sessions, heap ${held.at(-1)?.heapUsed}, ${gate.log.length} lines of log`);
  }

  await t.test('each ended as it was to', (t) => {
    t.same(tally.failures, []);
    for (const [name, { tried, done }] of tally.ways) {
      t.equal(done, tried, name);
      facts.add('sessions', [name, tried, done]);
    }
    t.equal(place.arrived(), tally.reaching, 'at the API server came those that were to come, and no others');
    t.end();
  });
  await t.test('and is counted as that: postern_sessions_total, label for label', async (t) => {
    t.same(differences(tally.ends, await countedEnds(gate)), []);
    t.equal(await countedOpen(gate), 0, 'nothing is open');
  });
  await t.test('no byte was lost', (t) => {
    t.ok(place.bytes.compared > sum(tally) * 100);
    t.equal(place.bytes.lost, 0);
    facts.add('bytes', ['in sessions of the soak', place.bytes.compared, place.bytes.lost]);
    t.end();
  });
  await t.test('nothing of them is left in the gate', (t) => {
    const [, before, after] = held;
    if (before === undefined || after === undefined) throw new Error('two rounds at least');
    const more = Math.round(sessions * ROUNDS[2]);
    const growth = growthOf(before, after, more);
    t.comment(JSON.stringify(growth));
    t.same(leaksIn(growth), []);
    t.ok(after.descriptors <= before.descriptors + 3, 'descriptors');
    const what = `${more.toLocaleString('en')} sessions more`;
    const allowed = allowedObjects(more);
    facts.add('growth', [
      `objects in a gate after ${what}`,
      ...[before.objects['Object'] ?? 0, after.objects['Object'] ?? 0, `+ ${allowed}`],
    ]);
    const bytes = `+ ${BOUNDS.bytes} a session`;
    facts.add('growth', [`heap after ${what}, bytes`, before.heapUsed, after.heapUsed, bytes]);
    facts.add('growth', [`descriptors after ${what}`, before.descriptors, after.descriptors, '+ 3']);
    t.end();
  });
  await t.test('a drain ends what is open then, and no error was logged in all that time', async (t) => {
    const pairs = await Promise.all(
      Array.from({ length: DRAINED }, async (_, nth) => {
        const pair = await open(place, {
          ...kindAndProtocol(nth),
          number: place.nextNumber(),
          way: 'drain',
          token,
        });
        follow(pair.caller);
        follow(pair.upstream);
        return pair;
      }),
    );
    const code = gate.stop();
    await Promise.all(pairs.map(({ caller, upstream }) => closed(caller, upstream)));
    t.equal(await code, 0);
    const drained = gate.log.filter(
      (line) => line.includes('"session ended"') && line.includes('"end":"drained"'),
    );
    t.equal(drained.length, DRAINED);
    facts.add('sessions', ['the gate shuts down', DRAINED, drained.length]);
    t.same(
      gate.log.filter((line) => /"level":"(error|fatal)"/.test(line)),
      [],
    );
  });
});

function sum({ ways }: ReturnType<typeof newTally>): number {
  return [...ways.values()].reduce((all, { tried }) => all + tried, 0);
}
