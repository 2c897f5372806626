// The bill of materials of the npm package: all that operators get, none of development, and the same each time.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settleBom } from '../../scripts/image/sbom.ts';
import { deliveredBy, nameOf, type Packages } from '../../scripts/lock.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  readonly packages: Packages;
};

interface Bom {
  readonly metadata: { readonly timestamp: string; readonly component: object };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const print = (): string =>
  execFileSync(process.execPath, [join(ROOT, 'scripts/sbom.ts')], {
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: '86400' },
    cwd: ROOT,
  });
/** Older npms have no `npm sbom`; a machine may have any that installs (.ci/run). */
const isKnown =
  spawnSync('npm', ['sbom', '--help'], { encoding: 'utf8' }).stdout?.includes('--sbom-format') === true;
const npm = { skip: isKnown ? false : 'this npm has no sbom' };
const text = isKnown ? print() : '{}';
const bom = JSON.parse(text) as Bom;

t.test(
  'it names each package that operators get, with the hash of the lock, and no other',
  npm,
  async (t) => {
    const expected = [...deliveredBy(packages)].map((path) => {
      const { version = '', integrity = '' } = packages[path] ?? {};
      return `${nameOf(path)}@${version} ${Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')}`;
    });
    const found = bom.components.map(
      ({ name, version, hashes }) =>
        `${name}@${version} ${hashes.find(({ alg }) => alg === 'SHA-512')?.content}`,
    );
    t.ok(found.length > 50, `${found.length} packages`);
    t.same(found.sort(), [...new Set(expected)].sort());
    for (const name of ['jose', 'ws', '@peculiar/x509', 'koa']) t.match(text, `"name": "${name}"`);
    for (const name of ['tap', 'typescript', 'fast-check']) t.notMatch(text, `"name": "${name}"`);
  },
);

t.test('what depends on what stays within it', npm, async (t) => {
  const refs = new Set(bom.dependencies.map(({ ref }) => ref));
  t.same(
    bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref)),
    [],
  );
  const oidc = bom.dependencies.find(({ ref }) => ref.startsWith('oidc-provider@'));
  t.equal(oidc?.dependsOn.length, 3, 'debug, jose and koa');
});

t.test('it is the same each time, and tells no folder, hour or host', npm, async (t) => {
  t.equal(print(), text);
  t.match(bom.metadata, {
    timestamp: '1970-01-02T00:00:00.000Z',
    component: { name: 'postern', type: 'application' },
  });
  t.notMatch(text, ROOT.slice(0, -1));
  t.notMatch(text, '"distribution"');
});

t.test("npm's mark of development goes, for what is listed is delivered; other marks stay", async (t) => {
  const component = (name: string, properties: readonly object[]) => ({
    'bom-ref': `${name}@1.0.0`,
    name,
    version: '1.0.0',
    properties,
  });
  const printed = {
    serialNumber: 'urn:uuid:0',
    metadata: { timestamp: 'now', component: { 'bom-ref': 'postern@1.0.0' } },
    components: [
      component('ws', [{ name: 'cdx:npm:package:development' }, { name: 'cdx:npm:package:bundled' }]),
      component('tap', []),
    ],
    dependencies: [{ ref: 'postern@1.0.0', dependsOn: ['ws@1.0.0', 'tap@1.0.0'] }],
  };
  const settled = settleBom(JSON.stringify(printed), {
    name: 'postern',
    installed: new Set(['ws@1.0.0']),
    time: 0,
  });
  t.match(JSON.parse(settled), {
    components: [{ name: 'ws', properties: [{ name: 'cdx:npm:package:bundled' }] }],
    dependencies: [{ ref: 'postern@1.0.0', dependsOn: ['ws@1.0.0'] }],
  });
  t.notMatch(settled, 'tap');
  t.notMatch(settled, 'development');
});
