import t, { type Test } from 'tap';
import type { Protocol } from '../e2e/context.ts';
import { canI, denied, explain, getAll, logs, version, watchPod, whoami } from './kubectlreads.ts';
import { attach, COPY_BYTES, copy, exec, execTerminal, portForward } from './kubectlstreams.ts';
import { makeWay, type Way } from './kubectlway.ts';
import { applyAndDelete, applyServerSide, change, misspelt } from './kubectlwrites.ts';
import { startDemo } from './started.ts';
import { namedKubectls, readTools } from './tools.ts';

// What the demo promises, with each kubectl: everything goes through the gate to the practice API server.

const tools = readTools();
const demo = await startDemo(tools.dir);
t.teardown(() => demo.process.kill('SIGINT'));

interface Case {
  readonly name: string;
  /** Once for each protocol. */
  readonly upgrades?: boolean;
  /** The first minor version that can do it. */
  readonly from?: number;
  readonly act: (t: Test, way: Way) => Promise<void>;
}

const CASES: readonly Case[] = [
  { name: 'version says that it is practice', act: version },
  { name: 'get: tables, selectors, JSON', act: getAll },
  { name: 'get -w sees a pod live: Pending, ContainerCreating, Running, gone', act: watchPod },
  { name: 'logs, and logs -f until killed', act: logs },
  { name: 'exec: streams, exit code, stdin to its end', upgrades: true, act: exec },
  { name: 'exec -it: a shell with size, resize and Ctrl-C', upgrades: true, act: execTerminal },
  { name: 'attach sees what the container prints', upgrades: true, act: attach },
  { name: 'cp both ways, equal checksums', upgrades: true, act: copy },
  { name: 'port-forward, with curl', upgrades: true, act: portForward },
  { name: 'apply creates, changes, changes nothing; diff; delete', act: applyAndDelete },
  { name: 'apply --server-side, and its conflicts', from: 22, act: applyServerSide },
  { name: 'a misspelt field is named and nothing is made', act: misspelt },
  { name: 'create, label, annotate, patch, edit, scale, rollout', act: change },
  { name: 'auth can-i', act: canI },
  { name: 'auth whoami', from: 28, act: whoami },
  { name: 'explain', act: explain },
  { name: 'what a person may not is denied, with the reason', upgrades: true, act: denied },
];

for (const one of namedKubectls(tools))
  t.test(`kubectl ${one.version}`, async (t) => {
    for (const { name, upgrades = false, from = 0, act } of CASES) {
      const protocols: readonly Protocol[] = upgrades ? ['websocket', 'spdy'] : ['websocket'];
      for (const protocol of protocols) {
        const way = makeWay(demo, tools, one, protocol);
        if (way.minor < from) continue;
        await t.test(upgrades ? `${name}, ${protocol}` : name, (t) => act(t, way));
      }
    }
  });

t.test('the gate carried every one of them, and wrote it down', async (t) => {
  const summary = await demo.stop();
  t.ok(summary.requests > 100, `${summary.requests} requests`);
  t.ok((summary.sessionsByKind['exec'] ?? 0) > 10);
  t.ok((summary.sessionsByKind['portforward'] ?? 0) > 0);
  t.ok(summary.bytesUp > COPY_BYTES && summary.bytesDown > COPY_BYTES);
  t.equal(summary.deniedByGate, 0);
  t.ok(summary.deniedByCluster > 0);
  const { added } = summary;
  t.ok(added !== null && added.p50Ms > 0 && added.p99Ms >= added.p50Ms);
  t.comment(JSON.stringify(summary));
});
