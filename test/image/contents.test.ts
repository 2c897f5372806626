// What is in the image, read from its layers, and what is not: there is nothing to run in it but Postern.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Entry, listEntries, readArchive } from './archive.ts';
import { SOURCE } from './build.ts';
import { readContext, TAG } from './context.ts';
import { ROOT, readCommit } from './inputs.ts';

const MAX_BYTES = 200_000_000;
const PACKAGES = /^opt\/postern\/node_modules\/((?:.+\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\/package\.json$/;

const { archive } = readContext();
const image = await readArchive(archive);
const { version, revision, time } = await readCommit();
const entries = image.layers.flatMap(listEntries);
const files = entries.filter(({ type }) => type === '0');
const pathsOf = (chosen: readonly Entry[]): readonly string[] => chosen.map(({ path }) => path).sort();
const textOf = (path: string): string =>
  entries.find((entry) => entry.path === path)?.content.toString() ?? 'no such file';

/** The packages that npm installs without development and optional ones, as the lock has them: at the top, and inside others. */
function lockedPackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { dev?: true; optional?: true; devOptional?: true }>>;
  };
  return Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !(dev || optional || devOptional))
    .map(([path]) => path.replace(/^node_modules\//, ''))
    .sort();
}

t.test('the image is named by the tag and smaller than 200 MB, uncompressed', async (t) => {
  const bytes = image.layers.reduce((sum, { length }) => sum + length, 0);
  const [runtime = 0, app = 0] = image.layers.map(({ length }) => length);
  t.comment(
    `${(bytes / 1e6).toFixed(1)} MB: Node ${(runtime / 1e6).toFixed(1)}, Postern ${(app / 1e6).toFixed(1)}`,
  );
  t.equal(image.name, TAG);
  t.equal(image.layers.length, 2, 'Node and Postern have a layer each');
  t.ok(bytes < MAX_BYTES, `${bytes} bytes`);
});

t.test('its configuration: a numeric user, the program, its ports', async (t) => {
  t.match(image.config.config, {
    User: '65532:65532',
    Entrypoint: ['/usr/bin/node', '/opt/postern/bin/postern.js'],
    Cmd: ['serve'],
    WorkingDir: '/etc/postern',
  });
  t.same(Object.keys(image.config.config.ExposedPorts ?? {}).sort(), ['8443/tcp', '9090/tcp']);
  t.ok(image.config.config.Env?.includes('POSTERN_CONFIG=/etc/postern/postern.yaml'));
});

t.test('its labels name the version and the commit (image-spec, annotations)', async (t) => {
  const created = new Date(time * 1000).toISOString().replace('.000', '');
  t.same(image.config.config.Labels, {
    'org.opencontainers.image.title': 'postern',
    'org.opencontainers.image.description': 'A small guarded door to the Kubernetes API',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.source': SOURCE,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
    'org.opencontainers.image.created': created,
  });
  t.equal(image.config.created, created);
});

t.test('the only programs are Node and Postern; the rest that is executable are libraries', async (t) => {
  const executable = files.filter(({ mode }) => (mode & 0o111) !== 0);
  const isLibrary = (path: string): boolean =>
    /^(?:usr\/)?lib(?:64)?\/(?:[^/]+\/)?[^/]+\.so(?:\.\d+)*$/.test(path);
  t.same(
    pathsOf(executable).filter((path) => !isLibrary(path)),
    ['opt/postern/bin/postern.js', 'usr/bin/node'],
  );
  const tools =
    /(?:^|\/)(?:sh|bash|dash|ash|busybox|env|apt|apt-get|dpkg|apk|rpm|npm|npx|corepack|yarn|pnpm|curl|wget)$/;
  t.same(
    pathsOf(entries)
      .filter((path) => tools.test(path))
      .filter((path) => !path.startsWith('var/lib/dpkg')),
    [],
  );
});

t.test('the packages are the production ones of package-lock.json, and no others', async (t) => {
  const found = files.flatMap(({ path }) => PACKAGES.exec(path)?.[1] ?? []).sort();
  t.ok(found.length > 10, 'packages were found');
  t.same(found, lockedPackages());
});

t.test('no sources, no types, no maps, no notes of npm', async (t) => {
  t.same(
    pathsOf(entries).filter((path) => /\.(?:[cm]?tsx?|map)$/.test(path)),
    [],
  );
  t.same(
    pathsOf(entries).filter((path) => /\.package-lock\.json$|\/\.npmrc$|\/\.bin(?:\/|$)/.test(path)),
    [],
  );
  t.ok(pathsOf(files).includes('opt/postern/dist/main.js'));
});

t.test('everything belongs to root and is written by nobody else, but /tmp', async (t) => {
  const foreign = entries.filter(({ userId, groupId }) => userId !== 0 || groupId !== 0);
  t.same(pathsOf(foreign), []);
  const writable = entries.filter(({ type, mode }) => type !== '2' && (mode & 0o022) !== 0);
  t.same(pathsOf(writable), ['tmp']);
  const privileged = files.filter(({ mode }) => (mode & 0o6000) !== 0);
  t.same(pathsOf(privileged), []);
});

t.test("every time is the commit's", async (t) => {
  const others = entries.filter(({ modifiedAt }) => modifiedAt !== time);
  t.same(pathsOf(others), []);
});

t.test('licences and package names of what comes from elsewhere are there', async (t) => {
  const statuses = pathsOf(files).filter((path) => path.startsWith('var/lib/dpkg/status.d/'));
  t.ok(statuses.includes('var/lib/dpkg/status.d/libc6'), 'a scanner finds glibc');
  for (const status of statuses) {
    const name = status.slice(status.lastIndexOf('/') + 1);
    t.match(textOf(status), new RegExp(`^Package: ${name.replaceAll('+', '\\+')}$`, 'm'));
    t.match(textOf(`usr/share/doc/${name}/copyright`), /GPL/);
  }
  t.match(textOf('opt/postern/LICENSE'), /Apache License/);
  t.match(textOf('etc/passwd'), /^postern:x:65532:65532:/m);
});

t.test(
  'a bill of materials (CycloneDX) names the packages, and neither a folder nor an hour of the build',
  async (t) => {
    const bom = JSON.parse(textOf('usr/share/sbom/postern.cdx.json')) as {
      readonly metadata: object;
      readonly components: readonly { readonly name: string }[];
    };
    t.match(bom, {
      bomFormat: 'CycloneDX',
      serialNumber: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    });
    t.match(bom.metadata, {
      timestamp: new Date(time * 1000).toISOString(),
      component: { name: 'postern', version, type: 'application' },
    });
    const names = lockedPackages().map((path) => path.replace(/^.+\/node_modules\//, ''));
    t.same(bom.components.map(({ name }) => name).sort(), [...new Set(names)].sort());
  },
);
