// Every row of the matrix is linted, renders with helm 3 and helm 4 to the same objects, holds what it is for, and gives Postern a
// configuration that `postern check` accepts.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { run } from '../cluster/run.ts';
import { makeChecker } from './checking.ts';
import { CHART, readContext } from './context.ts';
import { MATRIX } from './matrix.ts';
import { type KubeObject, parseObjects, template } from './render.ts';

const context = readContext();
const dir = t.testdir();
const check = await makeChecker(dir);
const { certPem } = await makeCA('api');
const authority = Buffer.from(certPem).toString('base64');
writeFileSync(
  join(dir, 'kubeconfig'),
  JSON.stringify({
    clusters: [
      { name: 'c', cluster: { server: 'https://api.example.com', 'certificate-authority-data': authority } },
    ],
    users: [{ name: 'u', user: { token: 'x' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }),
);

for (const [index, row] of MATRIX.entries()) {
  t.test(row.for, async (t) => {
    const values = join(dir, `lint-${index}.json`);
    writeFileSync(values, JSON.stringify(row.values));
    const linted = await run(context.helm, ['lint', CHART, '--strict', '--values', values], {
      env: { HOME: dir },
    });
    t.equal(linted.code, 0, linted.stdout + linted.stderr);

    const [now, old] = await Promise.all(
      [context.helm, context.oldHelm].map((helm) => template(helm, dir, row)),
    );
    t.equal(now?.code, 0, now?.stderr ?? '');
    t.equal(old?.code, 0, old?.stderr ?? '');
    const objects = parseObjects(now?.stdout ?? '');
    const named = (list: readonly KubeObject[]) => list.map(nameOf).sort();
    t.strictSame(named(parseObjects(old?.stdout ?? '')), named(objects), 'helm 3 makes the same objects');
    for (const [name, part] of Object.entries(row.shows ?? {}))
      t.match(
        objects.find((object) => nameOf(object) === name),
        part,
        name,
      );
    const names = objects.map(nameOf);
    for (const absent of row.lacks ?? [])
      t.strictSame(
        names.filter((name) => name === absent || name.startsWith(`${absent}/`)),
        [],
        `no ${absent}`,
      );
    await checkConfiguration(t, objects, index);
  });
}

/** What Postern itself says of the file that it would be given. */
async function checkConfiguration(t: Tap, objects: readonly KubeObject[], index: number): Promise<void> {
  const map = objects.find(
    ({ kind, data }) => kind === 'ConfigMap' && Object.hasOwn(data ?? {}, 'postern.yaml'),
  );
  if (map === undefined) return;
  const folder = join(dir, `config-${index}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(map['data'] as Record<string, string>))
    writeFileSync(join(folder, name), content.replaceAll(/\/etc\/postern\/(prod|staging)/g, dir));
  const { code, printed } = await check(join(folder, 'postern.yaml'));
  t.equal(code, 0, printed);
}

type Tap = Pick<typeof t, 'equal'>;

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}
