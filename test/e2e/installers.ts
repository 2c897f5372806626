// kubeadm and kops as far as the documents' snippets need them: what each makes of a snippet, and a kube-apiserver that sees of a node what
// its Pod would see. The node is a folder; nothing of the machine's /etc or /srv is touched, they are covered in a mount namespace.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { KUBERNETES_VERSION, versionFlags } from '../cluster/binaries.ts';
import type { Say } from '../cluster/progress.ts';
import { run, runOrFail } from '../cluster/run.ts';
import { buildProgram } from './programs.ts';

const KOPS = 'k8s.io/kops';
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** In a Pod's place: what a static Pod's volumes name, bound where they are mounted, and nothing else of the node's /etc and /srv. */
const BECOME = `set -e
mount -t tmpfs none /etc
mount -t tmpfs none /srv
while [ "$1" != -- ]; do
  mkdir -p "$(dirname "$2")"
  if [ -d "$1" ]; then mkdir -p "$2"; else : >"$2"; fi
  mount --bind "$1" "$2"
  shift 2
done
shift
exec "$@"`;

/** A volume of a Pod as a container sees it; `type` is the hostPath's, '' when nothing is demanded. */
export interface Mount {
  readonly hostPath: string;
  readonly type: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** What a Pod of kube-apiserver says: its command line's flags and its mounts. */
export interface ApiServerPod {
  readonly flags: readonly string[];
  readonly mounts: readonly Mount[];
}

/** What kops makes of a specification: kube-apiserver's flags, and the files on the nodes. */
export interface KopsMade {
  readonly flags: readonly string[];
  readonly files: readonly {
    readonly name: string;
    readonly path: string;
    readonly content: string;
    readonly mode: string;
    readonly roles: readonly string[];
  }[];
}

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

interface Pod {
  readonly spec: {
    readonly containers: readonly Container[];
    readonly volumes: readonly {
      readonly name: string;
      readonly hostPath: { readonly path: string; readonly type?: string };
    }[];
  };
}

/** kubeadm of the test cluster's version, run with a folder for a node. @returns a function that runs it */
export async function readyKubeadm(say: Say) {
  const goMod = readFileSync(join(FOLDER, 'kubeadm/go.mod'), 'utf8');
  if (!goMod.includes(`k8s.io/kubernetes v${KUBERNETES_VERSION}\n`))
    throw new TypeError(`kubeadm/go.mod does not require v${KUBERNETES_VERSION}: change both together`);
  const flags = ['-ldflags', ['-s', '-w', ...versionFlags()].join(' ')];
  const program = await buildProgram('kubeadm', say, { flags });
  return (node: string, args: readonly string[]) => run(program, [...args, '--rootfs', node]);
}

/** kops' own types and flags. @returns a function that gives it a specification. @throws Error in kops' words when it refuses one */
export async function readyKops(say: Say) {
  const program = await buildProgram('kops', say);
  return async (cluster: object): Promise<KopsMade> =>
    JSON.parse(await runOrFail(program, [], { input: JSON.stringify(cluster) })) as KopsMade;
}

/** The Pod of kube-apiserver that kops' nodeup made of its own test's specification `name`, as its module holds it. */
export async function readKopsPod(name: string): Promise<ApiServerPod> {
  const module = await runOrFail('go', ['mod', 'download', '-json', KOPS], { cwd: join(FOLDER, 'kops') });
  const { Dir: folder } = JSON.parse(module) as { readonly Dir: string };
  const file = join(folder, 'nodeup/pkg/model/tests/golden', name, 'tasks-kube-apiserver.yaml');
  const tasks = parseAllDocuments(readFileSync(file, 'utf8')).map(
    (document) => document.toJS() as { readonly path?: string; readonly contents?: string },
  );
  const manifest = tasks.find(({ path }) => path === '/etc/kubernetes/manifests/kube-apiserver.manifest');
  return readPod(manifest?.contents ?? '');
}

/** Reads a static Pod. */
export function readPod(text: string): ApiServerPod {
  const { spec } = parse(text) as Pod;
  const [container] = spec.containers;
  const words = [...(container?.command ?? []), ...(container?.args ?? [])];
  const mounts = (container?.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => {
    const volume = spec.volumes.find((one) => one.name === name);
    const { path = '', type = '' } = volume?.hostPath ?? {};
    return { hostPath: path, type, mountPath, readOnly };
  });
  return { flags: words.filter((word) => word.startsWith('--')), mounts };
}

/** The words before a command that make it see of the folder `node` what the mounts show, and the node's /etc/hosts as every Pod does. */
export function asPod(node: string, mounts: readonly Mount[]): readonly string[] {
  const hosts = { hostPath: '/etc/hosts', mountPath: '/etc/hosts' };
  const pairs = [hosts, ...mounts]
    .filter(({ hostPath }) => existsSync(join(node, hostPath)))
    .flatMap(({ hostPath, mountPath }) => [join(node, hostPath), mountPath]);
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', BECOME, 'sh', ...pairs, '--'];
}
