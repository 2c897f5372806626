// What of a release is in the cluster: every object of every kind, in all namespaces and of the whole cluster, that carries its label or name.

import { adminOrFail, type Context } from './context.ts';
import { NAME, RELEASE } from './gate.ts';

/** Events tell what was, Leases nothing of ours; both go by themselves. */
const PASSING = /^events(\.|$)|^leases\./;

/** KIND/NAMESPACE/NAME of each, sorted. */
export async function findTraces(context: Context): Promise<readonly string[]> {
  const kinds = (await adminOrFail(context, ['api-resources', '--verbs=list', '-o', 'name']))
    .trim()
    .split('\n')
    .filter((kind) => !PASSING.test(kind));
  const template =
    '{range .items[*]}{.kind}{"/"}{.metadata.namespace}{"/"}{.metadata.name}{" "}{.metadata.labels}{"\\n"}{end}';
  const args = [
    'get',
    kinds.join(','),
    '--all-namespaces',
    '--ignore-not-found',
    '-o',
    `jsonpath=${template}`,
  ];
  const lines = (await adminOrFail(context, args)).trim().split('\n');
  return lines
    .filter(
      (line) =>
        line.includes(`"app.kubernetes.io/instance":"${RELEASE}"`) || namesIt(line.split(' ')[0] ?? ''),
    )
    .map((line) => line.split(' ')[0] ?? '')
    .sort();
}

/** By its objects' name, or as helm keeps releases. */
function namesIt(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  return name.includes(NAME) || name.startsWith(`sh.helm.release.v1.${RELEASE}.`);
}
