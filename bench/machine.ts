// The machine and the versions that a run's numbers belong to, read from the system; no names of hosts, people or paths.

import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { run } from '../test/cluster/run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BYTES_PER_GIB = 2 ** 30;

/** What a reader needs to judge the numbers. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  /** Kernel with version and architecture. */
  readonly kernel: string;
  readonly distribution: string;
  /** The checkout's commit, with a note when files differ from it; '' outside git. */
  readonly commit: string;
  readonly go: string;
  /** Load averages (1, 5, 15 minutes) before anything was measured. */
  readonly loadBefore: readonly number[];
}

/** Reads them. */
export async function readMachine(): Promise<MachineFacts> {
  const go = await run('go', ['env', 'GOVERSION']);
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / BYTES_PER_GIB)} GiB`,
    kernel: `${type()} ${release()} ${arch()}`,
    distribution: readDistribution(),
    commit: await readCommit(),
    go: go.code === 0 ? go.stdout.trim().replace(/^go/, '') : '',
    loadBefore: loadavg(),
  };
}

function readDistribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

async function readCommit(): Promise<string> {
  const head = await run('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT });
  if (head.code !== 0) return '';
  const changed = await run('git', ['status', '--porcelain', '--', 'src', 'bench'], { cwd: ROOT });
  return `${head.stdout.trim()}${changed.stdout.trim() === '' ? '' : ' with changes'}`;
}
