// The file tree that a container of the practice cluster starts with: small, believable, and plain about what it is.

import type { MachineSpec } from '../machine.ts';
import { type Directory, FileError } from './node.ts';
import { FileTree } from './tree.ts';

/** Bytes that all files of a machine may have together. */
const MAX_FILES_BYTES = 256 * 1024 * 1024;

const OS_RELEASE = `NAME="Postern practice machine"
PRETTY_NAME="Postern practice machine (in memory; no real container)"
ID=postern-practice
HOME_URL="https://postern.dev/"
`;

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n';
const GROUP = 'root:x:0:\nnogroup:x:65534:\n';

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Practice web page</title></head>
<body>
<h1>Hello from {{hostname}}</h1>
<p>This page comes from a container of Postern's practice cluster, at {{ip}}. Nothing of it runs outside of Postern's memory.</p>
<p>You are visitor number {{visits}}.</p>
</body>
</html>
`;

/** What of the machine the tree shows under /proc. */
export interface RootFacts {
  readonly now: () => number;
  readonly programs: Iterable<string>;
  /** Whether the image has a web page under /srv/www. */
  readonly web: boolean;
}

/** Makes the tree. Files of the spec whose place cannot be are left out. */
export function createRoot(spec: MachineSpec, { now, programs, web }: RootFacts): FileTree {
  const files = new FileTree(MAX_FILES_BYTES, now);
  const startedMs = now();
  for (const path of ['/bin', '/dev', '/etc', '/home', '/mnt', '/opt', '/proc', '/root', '/run', '/sbin']) {
    files.makeDirectory(path, path === '/root' ? 0o700 : 0o755);
  }
  files.makeParents('/srv');
  files.makeDirectory('/tmp', 0o1777);
  files.makeParents('/usr/local/bin');
  files.makeParents('/usr/sbin');
  files.makeParents('/var/log');
  files.makeDirectory('/var/tmp', 0o1777);
  for (const [path, target] of [
    ['/usr/bin', '../bin'],
    ['/var/run', '../run'],
  ] as const) {
    files.makeSymlink(path, target);
  }
  for (const device of ['null', 'zero', 'full', 'urandom', 'tty', 'stdin', 'stdout', 'stderr'] as const) {
    files.makeDevice(`/dev/${device}`, device);
  }
  files.makeSymlink('/dev/random', 'urandom');
  writeTexts(files, spec, web);
  makeProc(files, now, startedMs);
  for (const name of programs) {
    write(files, `/bin/${name}`, `${name}: a built-in program of Postern's practice machine\n`, 0o755);
    const node = files.find(`/bin/${name}`);
    if (node.kind === 'file') node.program = name;
  }
  mount(files, spec.files);
  return files;
}

function writeTexts(files: FileTree, spec: MachineSpec, web: boolean): void {
  write(files, '/etc/hostname', `${spec.hostname}\n`);
  write(
    files,
    '/etc/hosts',
    `# Kubernetes-managed hosts file (practice).\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${spec.ip}\t${spec.hostname}\n`,
  );
  write(files, '/etc/os-release', OS_RELEASE);
  write(files, '/etc/passwd', PASSWD);
  write(files, '/etc/group', GROUP);
  write(files, '/etc/resolv.conf', 'search svc.cluster.local cluster.local\noptions ndots:5\n');
  write(
    files,
    '/etc/motd',
    "This is a practice machine of Postern: a small shell in memory. Type 'help' for its commands.\n",
  );
  if (!web) return;
  files.makeParents('/srv/www');
  write(files, '/srv/www/index.html', PAGE);
}

function makeProc(files: FileTree, now: () => number, startedMs: number): void {
  files.makeGenerated('/proc/version', () => 'Postern practice machine (no kernel of its own)\n');
  files.makeGenerated('/proc/uptime', () => {
    const up = ((now() - startedMs) / 1000).toFixed(2);
    return `${up} ${up}\n`;
  });
  files.makeGenerated('/proc/loadavg', () => '0.00 0.00 0.00 1/1 1\n');
  files.makeGenerated('/proc/mounts', () => 'practice / tmpfs rw,relatime 0 0\n');
}

function write(files: FileTree, path: string, text: string | Buffer, mode = 0o644): void {
  const node = files.open(path, false, mode);
  if (node.kind === 'file') files.append(node, Buffer.from(text));
}

/** The volumes' files. A directory that exists only for them refuses changes, as volumes of configMaps and secrets do. */
function mount(files: FileTree, mounted: ReadonlyMap<string, Buffer>): void {
  const volumes = new Set<Directory>();
  for (const [path, bytes] of mounted) {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    try {
      const known = files.peek(parent) !== undefined;
      files.makeParents(parent);
      const node = files.find(parent);
      if (!known && node.kind === 'directory') volumes.add(node);
      write(files, path, bytes);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
  for (const volume of volumes) volume.frozen = true;
}
