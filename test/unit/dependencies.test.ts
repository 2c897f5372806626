// The dependency policy (docs/explanation/dependencies.md), held: each package that we ask for is argued, exact, and what the lock and node_modules
// have; nothing runs at install but what is allowed by name; and what operators get is under licenses that are on the list.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bringsOf, deliveredBy, nameOf, type Packages, type Versions } from '../../scripts/lock.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGE = 'docs/explanation/dependencies.md';
/** One version: no range, tag, address, alias or folder (semver.org, 2.0.0). */
const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
/** Licenses (SPDX) of packages that operators get; all let Apache-2.0 programs be passed on with them. */
const LICENSES = new Set([
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  '0BSD',
]);
const GROUPS = {
  dependencies: '## In every gate',
  optionalDependencies: '## In the demo only',
  devDependencies: '## In development only',
} as const;

type Group = keyof typeof GROUPS;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<Group, Versions> & {
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read('package-lock.json')) as {
  readonly lockfileVersion: number;
  readonly packages: Packages;
};
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const deliveredPaths = deliveredBy(lock.packages);
const delivered = locked.filter(([path]) => deliveredPaths.has(path));
const groups = Object.keys(GROUPS) as readonly Group[];

t.test('each dependency has its row, and no row is left over', async (t) => {
  const page = read(PAGE);
  for (const group of groups) {
    const rows = rowsOf(page, GROUPS[group]);
    t.same(rows.map(([name]) => name).sort(), Object.keys(manifest[group]).sort(), group);
    for (const row of rows) {
      t.equal(row.length, 7, `${row[0]} has all its cells`);
      t.notOk(
        row.some((cell) => cell.length < 2 && !/^\d$/.test(cell)),
        `${row[0]}: no cell is empty`,
      );
    }
  }
});

t.test('a row says how many packages a dependency brings, and under which license it is', async (t) => {
  const page = read(PAGE);
  for (const group of groups)
    for (const [name = '', , , , brings = '', license = ''] of rowsOf(page, GROUPS[group])) {
      t.equal(brings, String(bringsOf(lock.packages, `node_modules/${name}`).size), `${name} brings`);
      t.equal(license, installed(`node_modules/${name}`).license, `${name} is under`);
    }
});

t.test('every version is exact', async (t) => {
  for (const group of groups)
    for (const [name, version] of Object.entries(manifest[group]))
      t.match(version, EXACT, `${group}: ${name}`);
});

t.test('the lock is what package.json asks for, and node_modules what the lock says', async (t) => {
  t.equal(lock.lockfileVersion, 3);
  for (const group of groups) {
    t.same(lock.packages['']?.[group], manifest[group], group);
    for (const [name, version] of Object.entries(manifest[group]))
      t.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
  }
  for (const [path, { version }] of delivered) t.equal(installed(path).version, version, path);
});

t.test('each locked package has a hash, and none says where it comes from', async (t) => {
  t.ok(locked.length > 100, 'packages were read');
  for (const [path, { version = '', integrity, resolved, link }] of locked) {
    t.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, path);
    t.match(version, EXACT, path);
    t.equal(resolved, undefined, `${path}: a lock that names no host can be used with any registry`);
    t.equal(link, undefined, path);
  }
  t.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m, 'npm is told to leave them out');
  t.match(read('.npmrc'), /^save-exact=true$/m, 'and to write exact versions');
});

t.test('install scripts are those that package.json allows by name, and no operator gets one', async (t) => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  t.same(withScript.map(([path]) => nameOf(path)).sort(), Object.keys(manifest.allowScripts).sort());
  t.same(
    delivered.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    [],
  );
  for (const [path] of delivered) {
    const { scripts = {} } = installed(path);
    // A binding.gyp is an install script, too: npm builds it without being told (npm's scripts(7)).
    const isNative = existsSync(join(ROOT, path, 'binding.gyp'));
    const hooks = Object.keys(scripts).filter((one) => /^(?:pre|post)?install$/.test(one));
    t.same({ hooks, isNative }, { hooks: [], isNative: false }, path);
  }
});

t.test('what operators get is under a license of the list', async (t) => {
  t.ok(delivered.length > 20, 'packages were read');
  for (const [path] of delivered)
    t.ok(LICENSES.has(installed(path).license), `${path}: ${installed(path).license}`);
});

t.test('nothing that operators get was deprecated when it was locked', async (t) => {
  for (const [path, { deprecated }] of delivered) t.equal(deprecated, undefined, path);
});

t.test('what is only in development is in no delivered package', async (t) => {
  const development = Object.keys(manifest.devDependencies).filter(
    (name) => !(name in manifest.optionalDependencies) && !(name in manifest.dependencies),
  );
  const names = new Set(delivered.map(([path]) => nameOf(path)));
  t.same(
    development.filter((name) => names.has(name)),
    [],
  );
});

/** The rows of the table under a heading, each as its cells; of the first cell only the package's name. */
function rowsOf(page: string, heading: string): readonly (readonly string[])[] {
  const [, part = ''] = page.split(`\n${heading}\n`);
  const [section = ''] = part.split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell, i) => (i === 0 ? cell.replaceAll('`', '').trim() : cell.trim())),
    );
}

interface Installed {
  readonly version: string;
  readonly license: string;
  readonly scripts?: Versions;
}

/** The manifest of a package as it lies in node_modules. */
function installed(path: string): Installed {
  return JSON.parse(read(join(path, 'package.json'))) as Installed;
}
