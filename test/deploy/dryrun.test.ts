// A real kube-apiserver's word on every rendering: server-side validation of each object, those of other projects' kinds included, strictly.

import t from 'tap';
import { admin, readContext } from './context.ts';
import { MATRIX } from './matrix.ts';
import { parseObjects, template } from './render.ts';

const context = readContext();
const dir = t.testdir();
const APIS = ['gateway.networking.k8s.io/v1/TLSRoute'];

for (const row of MATRIX)
  t.test(row.for, async (t) => {
    const { code, stdout, stderr } = await template(context.helm, dir, { ...row, apis: APIS });
    t.equal(code, 0, stderr);
    const args = ['apply', '--dry-run=server', '--validate=strict', '--namespace', 'gate', '-f', '-'];
    const applied = await admin(context, args, { input: stdout });
    t.equal(applied.code, 0, applied.stderr);
    t.equal(applied.stdout.trim().split('\n').length, parseObjects(stdout).length, 'every object was judged');
    t.notMatch(applied.stderr, /would violate PodSecurity/, 'and would run where Pod Security is restricted');
  });
