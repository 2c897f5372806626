import { readdirSync } from 'node:fs';
import t from 'tap';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { countedOpen } from './counted.ts';
import { allowedObjects, BOUNDS, growthOf, type Held, leaksIn, NODE_OPTIONS, takeStock } from './growth.ts';
import { NO_LIMITS } from './limits.ts';
import { goRequestWay, REQUEST_WAYS, SPEECHES, startRequestUpstream } from './requestways.ts';
import { readSizes } from './sizes.ts';

// What sessions.test.ts is for sessions, for watches, followed logs, requests that break off and the connections under them: HTTP/1.1 and HTTP/2.

const facts = recordFacts('soak-requests');
const { requests } = readSizes();
const ROUNDS = [0.2, 0.4, 0.4] as const;
const AT_ONCE = 24;
const SPARE_DESCRIPTORS = 4;
const QUIET_MS = 30_000;

t.test(`${requests} watches, logs and requests, each on a connection of its own`, async (t) => {
  const upstream = await startRequestUpstream();
  const gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    nodeOptions: NODE_OPTIONS,
    config: { limits: NO_LIMITS },
  });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const descriptors = () => readdirSync(`/proc/${gate.pid}/fd`).length;
  const base = descriptors();
  const token = await gate.token({ exp: Math.floor(Date.now() / 1000) + 10 * 3600 });
  const tallied = new Map<string, { tried: number; done: number }>();
  const failures: string[] = [];
  const tasks = SPEECHES.flatMap((speech) => REQUEST_WAYS.map((way) => ({ speech, way })));
  const place = { port: gate.port, ca: gate.files.ca };
  const go = async (nth: number) => {
    const task = tasks[nth % tasks.length];
    if (task === undefined) return;
    const { speech, way } = task;
    const row = tallied.get(way.name) ?? { tried: 0, done: 0 };
    tallied.set(way.name, row);
    row.tried += 1;
    try {
      await goRequestWay(place, way, { speech, token });
      row.done += 1;
    } catch (error) {
      failures.push(`${way.name} (${speech}): ${String(error)}`);
    }
  };
  const quiet = async (): Promise<Held> => {
    await eventually(async () => {
      upstream.letGo();
      return (await countedOpen(gate)) === 0 && descriptors() <= base + SPARE_DESCRIPTORS;
    }, QUIET_MS);
    return takeStock(gate);
  };

  const held: Held[] = [];
  let tried = 0;
  for (const part of ROUNDS) {
    const last = tried + Math.round(requests * part);
    const worker = async () => {
      while (tried < last) await go(tried++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    held.push(await quiet());
  }
  t.same(failures, []);
  for (const [name, { tried, done }] of tallied) facts.add('sessions', [name, tried, done]);
  const [, before, after] = held;
  if (before === undefined || after === undefined) throw new Error('two rounds at least');
  const more = Math.round(requests * ROUNDS[2]);
  const growth = growthOf(before, after, more);
  t.comment(JSON.stringify(growth));
  t.same(leaksIn(growth), [], 'nothing of them is left in the gate');
  t.same(
    gate.log.filter((line) => /"level":"(error|fatal)"/.test(line)),
    [],
  );
  const what = `${more.toLocaleString('en')} watches, logs and requests more`;
  const allowed = `+ ${allowedObjects(more)}`;
  const objects = [before.objects['Object'] ?? 0, after.objects['Object'] ?? 0] as const;
  facts.add('growth', [`objects in a gate after ${what}`, ...objects, allowed]);
  const bytes = `+ ${BOUNDS.bytes} a request`;
  facts.add('growth', [`heap after ${what}, bytes`, before.heapUsed, after.heapUsed, bytes]);
});
