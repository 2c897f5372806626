// Lays out the image's file system inside the Dockerfile's build stage, in two folders that become its two layers: `runtime` is Node and what
// it loads, `app` is the built program and its packages. Modes and times are set here, so that neither a checkout's umask nor the hour of the
// build changes the image. Usage: node scripts/image/root.ts FOLDER, in the checkout, after the build, with production packages only and what
// `npm sbom` printed in sbom.json.

import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findPackages } from './debian.ts';
import { settleBom } from './sbom.ts';

/** The user that the program runs as: the number that distroless images call nonroot. */
const USER_ID = 65532;
/** What the package publishes, and the packages it needs. */
const APP_PARTS = [
  'bin',
  'dist',
  'docs/reference/config.schema.json',
  'LICENSE',
  'node_modules',
  'package.json',
];
/** Never read at run time: types, maps to sources that are not there, and what packages bring for their own developers. */
const UNUSED =
  /\.(?:[cm]?ts|map|sh)$|node_modules\/(?:@[^/]+\/)?[^@/][^/]*\/(?:tests?|examples|benchmarks|docs|\.[^/]+)$/;
const TEXTS: Readonly<Record<string, string>> = {
  'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\npostern:x:${USER_ID}:${USER_ID}:postern:/etc/postern:/sbin/nologin\n`,
  'etc/group': `root:x:0:\npostern:x:${USER_ID}:\n`,
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

const [out] = process.argv.slice(2);
if (out === undefined) throw new TypeError('usage: node scripts/image/root.ts FOLDER');
const time = Number(process.env['SOURCE_DATE_EPOCH'] ?? 0);
layRuntime(join(out, 'runtime'));
layApp(join(out, 'app'));
const bom = settleBom(readFileSync('sbom.json', 'utf8'), {
  name: 'postern',
  installed: findInstalled(),
  time,
});
write(join(out, 'app/usr/share/sbom/postern.cdx.json'), bom);
settle(out, time);

function layRuntime(root: string): void {
  const libraries = findLibraries();
  copy(process.execPath, join(root, 'usr/bin/node'));
  for (const path of libraries) copy(path, join(root, path));
  for (const { name, stanza, copyrightFile } of findPackages(libraries)) {
    write(join(root, 'var/lib/dpkg/status.d', name), stanza);
    copyIfThere(copyrightFile, join(root, 'usr/share/doc', name, 'copyright'));
  }
  copyIfThere('/etc/os-release', join(root, 'etc/os-release'));
  copyIfThere(join(dirname(process.execPath), '../LICENSE'), join(root, 'usr/share/doc/node/LICENSE'));
  for (const [name, text] of Object.entries(TEXTS)) write(join(root, name), text);
  // Node complains where the system's authorities have no folder; an operator mounts his own there.
  for (const folder of ['etc/postern', 'etc/ssl/certs', 'tmp'])
    mkdirSync(join(root, folder), { recursive: true });
}

function layApp(root: string): void {
  const folder = join(root, 'opt/postern');
  for (const part of APP_PARTS) {
    cpSync(part, join(folder, part), { recursive: true, filter: (path) => !UNUSED.test(path) });
  }
  // npm's own notes: the first names the registry that was used, the second are commands that nobody calls here.
  for (const name of ['.package-lock.json', '.bin'])
    rmSync(join(folder, 'node_modules', name), { recursive: true, force: true });
}

/** NAME@VERSION of each package in node_modules. */
function findInstalled(): ReadonlySet<string> {
  const manifests = globSync(['**/node_modules/*/package.json', '**/node_modules/@*/*/package.json']);
  return new Set(
    manifests.map((file) => {
      const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string };
      return `${name}@${version}`;
    }),
  );
}

/** The shared objects that this Node has loaded, its loader with them; the kernel's own (linux-vdso) is no file. */
function findLibraries(): readonly string[] {
  Object.assign(process.report, { excludeNetwork: true }); // or it asks DNS for each open connection; not in the types yet
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
  return sharedObjects.filter((path) => path.startsWith('/'));
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
}

function copyIfThere(from: string, to: string): void {
  if (existsSync(from)) copy(from, to);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Everything readable by all, writable by its owner only, and of one time; children first, for writing changes a folder's time. */
function settle(path: string, seconds: number): void {
  const found = lstatSync(path);
  if (found.isDirectory()) for (const name of readdirSync(path)) settle(join(path, name), seconds);
  if (!found.isSymbolicLink()) {
    const isOurs = !path.includes('/node_modules/'); // packages' own commands are nobody's here
    const executable = found.isDirectory() || (isOurs && (found.mode & 0o111) !== 0);
    chmodSync(path, path.endsWith('/runtime/tmp') ? 0o1777 : executable ? 0o755 : 0o644);
  }
  lutimesSync(path, seconds, seconds);
}
