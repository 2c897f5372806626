// What kube-apiserver 1.36.3 takes requests for, as its own code and Go's net/http said (test/oracle/requestinfo): what is decided here is what will be
// decided there. A request that the API server cannot read is answered there with 400, whatever was decided here.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Reading, readAsGate } from '../../oracle/requestinfo/compare.ts';

const FACTS = new URL('facts/requestinfo.json', import.meta.url);
const facts = JSON.parse(readFileSync(FACTS, 'utf8')) as readonly (readonly [
  request: string,
  answer: Reading,
])[];

for (const [request, answer] of facts) {
  const [method = '', target = ''] = request.split(' ');
  const ours = readAsGate({ method, target });
  // Refused since: nothing is forwarded.
  if (ours === undefined || 'error' in answer) continue;
  t.same(ours, answer, request);
}

t.test('there is something of everything among them', async (t) => {
  const verbs = new Set(facts.map(([, { verb }]) => verb));
  for (const verb of [
    'get',
    'list',
    'watch',
    'create',
    'update',
    'patch',
    'delete',
    'deletecollection',
    'proxy',
  ])
    t.ok(verbs.has(verb), verb);
  const read = facts.filter(([, answer]) => !('error' in answer));
  t.ok(read.length > 650, `${read.length} are read`);
});
