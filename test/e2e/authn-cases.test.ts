// The table of test/authncases against a real kube-apiserver, started with the file that a gate in front of it has too: both doors make the same
// user of each token, or refuse it. The server is one of its own (etcd and kube-apiserver on loopback, nothing else): its file is replaced for
// every 64 entries, and for those that it must refuse.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startAuthenticatingServer } from '../authncases/apiserver.ts';
import {
  type Batch,
  type Case,
  completeEntry,
  makeBatches,
  makeToken,
  toDocument,
} from '../authncases/batches.ts';
import { expectedOf, misfitOfKubernetes, misfitOfPostern } from '../authncases/compare.ts';
import { BAD_DOCUMENTS, BAD_ENTRIES } from '../authncases/configurations.ts';
import { startIssuers } from '../authncases/issuers.ts';
import { pathsByEntry, toBadDocument } from '../authncases/refusals.ts';
import { openReviewer, type Reviewed } from '../authncases/review.ts';
import { TABLE } from '../authncases/table.ts';
import { ensureKubectl } from '../cluster/kubectls.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { run } from '../cluster/run.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { until } from './wait.ts';

/** The server makes the verifier of a distributed claim's issuer beside the first request that needs it, which is refused if it is faster. */
const NOT_YET = 'verifier not initialized';
const EVERYBODY = 'system:authenticated';

const issuers = await startIssuers();
t.teardown(() => issuers.close());
const dir = t.testdir();
const server = await startAuthenticatingServer(dir, toDocument([]));
t.teardown(() => server.stop());
const kubectl = await ensureKubectl();
const direct = openReviewer({ port: server.port, caPem: server.caPem });
t.teardown(() => direct.close());
const batches = makeBatches(TABLE, issuers);
const sample = chooseSample();

for (const [index, batch] of batches.entries())
  t.test(`file ${index + 1} of ${batches.length}: the same user at both doors`, async (t) => {
    await server.use(batch.document);
    const gate = await startGate(t, batch);
    const through = openReviewer({ port: gate.port, caPem: gate.ca.certPem });
    t.teardown(() => through.close());
    for (const one of batch.cases) {
      const token = await makeToken(one, issuers);
      const { answer, reasons } = await askServer(token);
      t.equal(misfitOfKubernetes(one, answer, reasons), '', `kube-apiserver: ${one.name}`);
      t.equal(misfitOfPostern(one, await through.review(token)), '', `Postern: ${one.name}`);
      if (sample.has(one)) await compareKubectl(t, one, token, gate);
    }
  });

t.test('entries that kube-apiserver refuses, and the paths that it prints', async (t) => {
  const paths = pathsByEntry(await server.refuse(toBadDocument(BAD_ENTRIES, issuers)));
  for (const [index, [fact, , expected]] of BAD_ENTRIES.entries())
    t.same(paths.get(index) ?? [], [...expected].sort(), fact);
});

t.test('files that kube-apiserver refuses as a whole, and what it says', async (t) => {
  let serial = 0;
  for (const [fact, document, reason] of BAD_DOCUMENTS) {
    const log = await server.refuse(document(() => completeEntry({}, `/good-${serial++}`, issuers)));
    t.ok(log.includes(reason), `${fact}: ${reason}`);
  }
});

async function startGate(t: Test, { document }: Batch): Promise<TestGate> {
  const file = join(t.testdir(), 'authentication.json');
  writeFileSync(file, JSON.stringify(document));
  const gate = await startTestGate({
    upstreams: [],
    config: {
      clusters: [{ name: 'real', kubeconfig: server.gateKubeconfig }],
      authentication: { configFile: file },
    },
  });
  t.teardown(() => gate.stop());
  return gate;
}

async function askServer(token: string): Promise<{ answer: Reviewed; reasons: readonly string[] }> {
  const ask = async () => ({ answer: await direct.review(token), reasons: server.reasons() });
  let asked = await ask();
  await until('the verifier of a distributed claim', async () => {
    if (!asked.reasons.some((reason) => reason.includes(NOT_YET))) return true;
    asked = await ask();
    return false;
  });
  return asked;
}

/** One accepted token of every topic, where both doors should give the same. */
function chooseSample(): ReadonlySet<Case> {
  const chosen = new Map<string, Case>();
  for (const one of batches.flatMap(({ cases }) => cases)) {
    const { kubernetes, postern } = expectedOf(one);
    if (kubernetes.kind === 'user' && postern === kubernetes && !chosen.has(one.topic))
      chosen.set(one.topic, one);
  }
  return new Set(chosen.values());
}

/** What a person sees: `kubectl auth whoami` prints the same at both. */
async function compareKubectl(t: Test, one: Case, token: string, gate: TestGate): Promise<void> {
  const whoami = async (name: string, server: string, caPem: string) => {
    const file = join(gate.dir, `${name}.kubeconfig`);
    writeFileSync(file, makeKubeconfig({ server, caPem, user: 'somebody', token }));
    return await run(kubectl.path, ['auth', 'whoami'], {
      env: { KUBECONFIG: file, HOME: gate.dir },
      timeoutMs: 60_000,
    });
  };
  const atServer = await whoami('direct', server.server, server.caPem);
  const atGate = await whoami('gate', gate.gate.url, gate.ca.certPem);
  t.match(atServer, { code: 0, stderr: '', stdout: EVERYBODY }, `kubectl: ${one.name}`);
  t.same(atGate, atServer, `kubectl at both doors: ${one.name}`);
}
