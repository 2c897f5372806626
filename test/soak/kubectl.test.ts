import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { ensureKubectl, ensureKubectls } from '../cluster/kubectls.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { isQuirk } from '../e2e/compare.ts';
import type { Protocol } from '../e2e/context.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { countedOpen } from './counted.ts';
import { createDisturber } from './disturbances.ts';
import { growthOf, type Held, takeStock } from './growth.ts';
import { JOBS } from './jobs.ts';
import { PEOPLE, startLab } from './lab.ts';
import { refusalsOf } from './refusals.ts';
import { readSizes } from './sizes.ts';

// Issue 8 §3: mixed kubectl load. Several people work with stock kubectls at once, while the configuration is taken up again, tokens are renewed and the
// issuer's keys rotate; what each command says is checked. An hour of it against a real cluster: `npm run soak`.

const facts = recordFacts('soak-kubectl');
const { kubectlSeconds, cluster } = readSizes();
/** Each with a command under way all the time. */
const HANDS = 4;
/** Between two disturbances. ms */
const DISTURB_MS = Math.min(7_000, kubectlSeconds * 50);
/** So often each happens at least; on a busy machine that takes longer, up to so long. */
const ROUNDS = 3;
const PATIENCE_MS = 30_000;
const SAY_MS = 60_000;
/** Below so many commands a slope says little: what code and caches take for the first time is more. */
const ENOUGH = 1_000;
/** Of all the time, before what is held is looked at for the first time. In the short form at once: only descriptors are compared there. */
const WARM_UP = 0.4;
/** Of a gate that is reloaded all the time. Objects a command */
const OBJECTS_A_COMMAND = 0.5;
/** Versions of kubectl that lose output by themselves, at an API server too: test/e2e/compare.ts. */
const QUIRKY: ReadonlySet<string> = new Set(['1.30', '1.31']);

const isLong = kubectlSeconds > 120;
const kubectls = isLong ? await ensureKubectls() : [await ensureKubectl()];

t.test(`${kubectlSeconds} s of kubectl by ${PEOPLE.length} people`, async (t) => {
  const newest = kubectls.findLast(({ path }) => path !== 'kubectl');
  if (newest === undefined) throw new Error('no kubectl');
  const lab = await startLab(cluster, newest);
  t.teardown(() => lab.stop());
  const { gate } = lab;
  const disturber = createDisturber(lab);
  const tried = new Map<string, number>();
  const done = new Map<string, number>();
  const failures: string[] = [];
  let quirks = 0;
  let compared = 0;
  let number = 0;
  const count = () => [...done.values()].reduce((sum, one) => sum + one, 0);
  const work = async (goesOn: () => boolean, hand: number) => {
    while (goesOn()) {
      const turn = number++;
      const job = JOBS[turn % JOBS.length];
      const kubectl = kubectls[Math.floor(turn / JOBS.length) % kubectls.length] ?? newest;
      const protocol: Protocol = Math.floor(turn / JOBS.length) % 2 === 0 ? 'websocket' : 'spdy';
      const person = PEOPLE[hand % PEOPLE.length] ?? PEOPLE[0];
      if (job === undefined) return;
      const from = gate.log.length;
      tried.set(job.name, (tried.get(job.name) ?? 0) + 1);
      try {
        const add = (bytes: number) => {
          compared += bytes;
        };
        await job.act({ lab, kubectl: kubectl.path, protocol, person, number: turn, compared: add });
        done.set(job.name, (done.get(job.name) ?? 0) + 1);
      } catch (error) {
        if (QUIRKY.has(kubectl.version) && isQuirk(String(error))) {
          quirks += 1;
          tried.set(job.name, (tried.get(job.name) ?? 0) - 1);
          continue;
        }
        const refusals = await refusalsOf(gate, from).catch((failed: unknown) => [
          `no word of the gate: ${failed}`,
        ]);
        const said = refusals.length === 0 ? 'the gate refused nothing meanwhile' : refusals.join('\n');
        const failure = `${job.name} (kubectl ${kubectl.version}, ${protocol}): ${String(error)}\n${said}`;
        failures.push(failure);
        // An hour is long to wait for it.
        if (isLong) sayOnStderr(`  soak: ${new Date().toISOString()} FAILED ${failure}`);
      }
    }
  };
  const run = async (ms: number, rounds: number) => {
    const untilMs = performance.now() + ms;
    const goesOn = () => {
      const lateMs = performance.now() - untilMs;
      return lateMs < 0 || (disturber.rounds() < rounds && lateMs < PATIENCE_MS);
    };
    const over = new AbortController();
    const others = [
      disturber.disturb(DISTURB_MS, over.signal),
      tell(
        () => `${count()} commands, ${failures.length} failed, ${quirks} of kubectl's own troubles`,
        over.signal,
      ),
    ];
    await Promise.all(Array.from({ length: HANDS }, (_, hand) => work(goesOn, hand)));
    over.abort();
    await Promise.all(others);
    await eventually(async () => (await countedOpen(gate)) === 0, 30_000);
    const descriptors = readdirSync(`/proc/${gate.pid}/fd`).length;
    return { commands: count(), descriptors, held: isLong ? await takeStock(gate) : undefined };
  };

  const warmUpMs = isLong ? kubectlSeconds * 1000 * WARM_UP : 0;
  const first = await run(warmUpMs, 0);
  const second = await run(kubectlSeconds * 1000 - warmUpMs, ROUNDS);
  t.same(failures, [], 'each command says what it should');
  for (const [name, times] of tried) facts.add('sessions', [`kubectl ${name}`, times, done.get(name) ?? 0]);
  facts.add('bytes', ['kubectl exec -i and cp', compared, 0]);
  const { reloads, rotations, renewals } = disturber.done;
  t.ok(disturber.rounds() >= ROUNDS, 'reloads, rotated keys and renewed tokens meanwhile');
  t.comment(
    `${second.commands} commands, ${reloads} reloads, ${rotations} rotations, ${renewals} renewals, ${compared} bytes compared, ${quirks} of kubectl's own troubles`,
  );
  t.equal(await countedOpen(gate), 0, 'nothing is open');
  // Connections that are kept for the next request come and go.
  t.ok(second.descriptors <= first.descriptors + 4 * HANDS, 'descriptors');
  const more = second.commands - first.commands;
  const what = `after ${more.toLocaleString('en')} kubectl commands more`;
  facts.add('growth', [`descriptors ${what}`, first.descriptors, second.descriptors, `+ ${4 * HANDS}`]);
  if (first.held !== undefined && second.held !== undefined) compareHeld(t, [first.held, second.held], more);
  t.same(
    gate.log.filter((line) => /"level":"(error|fatal)"/.test(line)),
    [],
  );
});

function compareHeld(
  t: Pick<typeof import('tap').t, 'ok' | 'comment'>,
  [before, after]: readonly [Held, Held],
  commands: number,
) {
  const { objects } = growthOf(before, after, commands);
  t.comment(`${commands} commands more: ${JSON.stringify(objects)}`);
  if (commands >= ENOUGH) t.ok((objects['Object'] ?? 0) < OBJECTS_A_COMMAND, 'objects a command');
  const allowed = commands >= ENOUGH ? `+ ${Math.round(OBJECTS_A_COMMAND * commands)}` : '';
  const counts = [before.objects['Object'] ?? 0, after.objects['Object'] ?? 0] as const;
  const what = `objects in a gate after ${commands.toLocaleString('en')} kubectl commands more`;
  facts.add('growth', [what, ...counts, allowed]);
}

async function tell(line: () => string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(SAY_MS, undefined, { signal }).catch(() => {});
    if (!signal.aborted) sayOnStderr(`  soak: ${line()}`);
  }
}
