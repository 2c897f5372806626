// The table of test/authncases against a real gate: the file as kube-apiserver reads it is authentication.configFile, and who the caller became
// is what the API server behind makes of the lines that came through. What kube-apiserver itself answers to the same table is asked in
// test/e2e/authn-cases.test.ts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { type Batch, completeEntry, makeBatches, makeToken } from '../authncases/batches.ts';
import { expectedOf, misfitOfPostern } from '../authncases/compare.ts';
import { BAD_DOCUMENTS, BAD_ENTRIES } from '../authncases/configurations.ts';
import { startIssuers } from '../authncases/issuers.ts';
import { toBadDocument } from '../authncases/refusals.ts';
import { openReviewer } from '../authncases/review.ts';
import { TABLE } from '../authncases/table.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startTestPractice } from '../fakes/practice.ts';

const issuers = await startIssuers();
t.teardown(() => issuers.close());
const practice = await startTestPractice();
t.teardown(() => practice.stop());
const batches = makeBatches(TABLE, issuers);

t.test('the table is what it is said to be', async (t) => {
  const cases = batches.flatMap((batch) => batch.cases);
  t.ok(cases.length >= 170, `${cases.length} cases`);
  t.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'no fact is there twice');
  for (const one of cases) {
    const { kubernetes, postern } = expectedOf(one);
    if (one.row[3] !== undefined) t.notSame(postern, kubernetes, `${one.name}: a difference that is one`);
    if (one.row[3]?.isOpen === true) t.comment(`not yet like kube-apiserver: ${one.name}: ${one.row[3].why}`);
    // Whom the API server refuses is never let in here on purpose.
    else if (kubernetes.kind === 'refused') t.equal(postern.kind, 'refused', one.name);
  }
});

for (const [index, batch] of batches.entries())
  t.test(`file ${index + 1} of ${batches.length}: each token makes the user that it makes there`, (t) =>
    askGate(t, batch),
  );

async function askGate(t: Test, { document, cases }: Batch): Promise<void> {
  const directory = t.testdir({ 'authentication.json': JSON.stringify(document) });
  const gate = await startTestGate({
    upstreams: [{ name: 'practice', upstream: practice, user: { token: 'admin-token' } }],
    config: { authentication: { configFile: join(directory, 'authentication.json') } },
  });
  t.teardown(() => gate.stop());
  const reviewer = openReviewer({ port: gate.port, caPem: gate.ca.certPem });
  t.teardown(() => reviewer.close());
  for (const one of cases) {
    const before = practice.requests.length;
    const answer = await reviewer.review(await makeToken(one, issuers));
    t.equal(misfitOfPostern(one, answer), '', one.name);
    if (answer.kind === 'refused') t.equal(practice.requests.length, before, 'it reached nobody');
  }
}

/** The paths of a file's errors, without those of the gate's own configuration. */
function errorsOf(t: Test, document: object): readonly string[] {
  const directory = t.testdir();
  const file = join(directory, 'authentication.json');
  writeFileSync(file, JSON.stringify(document));
  const own = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '127.0.0.1:0', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    clusters: [{ name: 'c', kubeconfig: 'c.kubeconfig' }],
    authentication: { configFile: file },
  };
  const text = JSON.stringify(own);
  const result = loadConfig({ file: join(directory, 'postern.yaml'), text, files: false, env: {} });
  return result.ok ? [] : result.errors.filter((error) => error.file === file).map(({ path }) => path);
}

t.test('entries that kube-apiserver refuses are refused, at the same paths', async (t) => {
  const errors = errorsOf(t, toBadDocument(BAD_ENTRIES, issuers));
  for (const [index, [fact, , paths]] of BAD_ENTRIES.entries()) {
    const at = `jwt[${index}].`;
    const found = errors.filter((path) => path.startsWith(at)).map((path) => path.slice(at.length));
    t.same([...new Set(found)].sort(), [...paths].sort(), fact);
  }
});

t.test('files that kube-apiserver refuses as a whole are refused', async (t) => {
  let serial = 0;
  for (const [fact, document, , path] of BAD_DOCUMENTS) {
    const entry = () => completeEntry({}, `/good-${serial++}`, issuers);
    t.ok(errorsOf(t, document(entry)).includes(path), `${fact}: ${path}`);
  }
});
