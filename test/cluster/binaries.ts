// The server side of a test cluster, built from Go modules: one multi-call binary of the Kubernetes components and etcd. There is no place
// to download them from on every machine that has a Go module proxy; building takes minutes once and is cached by version and content.
// KUBEBUILDER_ASSETS (setup-envtest's folder) is used for kube-apiserver and etcd where it is set; controller manager, scheduler and kubelet
// are not in it, and real pods need them, so those are built all the same.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { announced, type Say, sayOnStderr } from './progress.ts';
import { run, runOrFail } from './run.ts';

/** The Kubernetes version of the node: the one in kube/go.mod. */
export const KUBERNETES_VERSION = '1.36.3';
/** The etcd version: the one in etcd/go.mod. */
export const ETCD_VERSION = '3.6.5';

const VERSION_PACKAGES = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
const GO_VERSION = /go(\d+)\.(\d+)/;

/** Paths of the five programs of a node. */
export interface Binaries {
  readonly etcd: string;
  readonly 'kube-apiserver': string;
  readonly 'kube-controller-manager': string;
  readonly 'kube-scheduler': string;
  readonly kubelet: string;
}

/**
 * All programs, built or found. A component's path is to be linked under the component's name: the binary looks at its own name.
 * @throws Error in one line without a Go toolchain, or when the build fails.
 */
export async function ensureBinaries(say: Say = sayOnStderr): Promise<Binaries> {
  const kube = await ensureKube(say);
  const fromAssets = (name: string): string | undefined => {
    const path = join(process.env['KUBEBUILDER_ASSETS'] ?? '', name);
    return process.env['KUBEBUILDER_ASSETS'] && existsSync(path) ? path : undefined;
  };
  const apiServer = fromAssets('kube-apiserver');
  if (apiServer !== undefined)
    say(`kube-apiserver of KUBEBUILDER_ASSETS; kubelet and the rest are ${KUBERNETES_VERSION}, ours`);
  return {
    etcd: fromAssets('etcd') ?? (await ensureEtcd(say)),
    'kube-apiserver': apiServer ?? kube,
    'kube-controller-manager': kube,
    'kube-scheduler': kube,
    kubelet: kube,
  };
}

/** The multi-call Kubernetes binary, from the cache or built now (about 7 minutes on 2 cores from cold). */
export async function ensureKube(say: Say = sayOnStderr): Promise<string> {
  return await build(say, {
    name: 'kube',
    version: KUBERNETES_VERSION,
    ldflags: versionFlags(),
    notice: `building Kubernetes ${KUBERNETES_VERSION}, about 7 minutes on 2 cores the first time`,
  });
}

/** The linker's flags that tell a Kubernetes program its version. */
export function versionFlags(): readonly string[] {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  return VERSION_PACKAGES.flatMap((name) => [
    `-X ${name}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${name}.gitMajor=${major}`,
    `-X ${name}.gitMinor=${minor}`,
    `-X ${name}.gitTreeState=clean`,
  ]);
}

/** The etcd binary, from the cache or built now (about 1 minute from cold). */
export async function ensureEtcd(say: Say = sayOnStderr): Promise<string> {
  return await build(say, {
    name: 'etcd',
    version: ETCD_VERSION,
    ldflags: [],
    notice: `building etcd ${ETCD_VERSION}, about 1 minute the first time`,
  });
}

interface Module {
  readonly name: string;
  readonly version: string;
  readonly ldflags: readonly string[];
  readonly notice: string;
}

async function build(say: Say, module: Module): Promise<string> {
  const source = join(import.meta.dirname, module.name);
  const goMod = await readFile(join(source, 'go.mod'), 'utf8');
  if (!goMod.includes(` v${module.version}\n`)) {
    throw new TypeError(`${module.name}/go.mod does not require v${module.version}: change both together`);
  }
  const content = createHash('sha256')
    .update(goMod)
    .update(await readFile(join(source, 'main.go')));
  const hash = content.update(module.ldflags.join(' ')).digest('hex').slice(0, 12);
  const folder = await cached(join(module.name, `${module.version}-${hash}`), async (draft) => {
    await checkGo(goMod);
    const ldflags = ['-s', '-w', ...module.ldflags].join(' ');
    const args = [
      'build',
      '-trimpath',
      '-buildvcs=false',
      '-mod=readonly',
      '-ldflags',
      ldflags,
      '-o',
      join(draft, module.name),
      '.',
    ];
    await announced(say, module.notice, () => runOrFail('go', args, { cwd: source }));
  });
  return join(folder, module.name);
}

async function checkGo(goMod: string): Promise<void> {
  const needed = /^go (\d+)\.(\d+)/m.exec(goMod);
  if (needed === null) throw new TypeError('go.mod has no go line');
  const wanted = `${needed[1]}.${needed[2]}`;
  const found = await run('go', ['env', 'GOVERSION']);
  if (found.code !== 0) {
    throw new Error(
      `The Go toolchain is missing: the test cluster is built from Go modules and needs Go ${wanted} or newer in PATH.`,
    );
  }
  const [, major = '0', minor = '0'] = GO_VERSION.exec(found.stdout) ?? [];
  const isOld =
    Number(major) < Number(needed[1]) ||
    (Number(major) === Number(needed[1]) && Number(minor) < Number(needed[2]));
  if (isOld)
    throw new Error(`Go ${major}.${minor} is too old: the test cluster needs Go ${wanted} or newer in PATH.`);
}
