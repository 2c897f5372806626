// Notices that files changed, by looking at them once a second: the one way that also sees Kubernetes' swapped symlinks, network file
// systems and a file that was away for a moment. A change counts when it looks the same twice, so that half-written files are left alone.

import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** ms. */
const INTERVAL_MS = 1_000;

export interface Watch {
  /** What to look at from now on. The present state of new files counts as known: call it right after they were read. */
  setFiles(files: readonly string[]): void;
  /** Looks now, and takes a change for settled. */
  lookNow(): void;
  close(): void;
}

/** Calls `onChange` after a change of any of the files has settled. The state that they have now counts as known. */
export function watchFiles(
  files: readonly string[],
  onChange: () => void,
  intervalMs: number = INTERVAL_MS,
): Watch {
  let known = new Map(files.map((file) => [file, signatureNow(file)]));
  let before = '';
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const watched = known;
    const now = new Map(
      await Promise.all([...watched.keys()].map(async (file) => [file, await signature(file)] as const)),
    );
    looking = false;
    if (watched !== known) return;
    const state = JSON.stringify([...now]);
    const changed = [...now].some(([file, sign]) => known.get(file) !== sign);
    if (changed && state === before) {
      known = now;
      onChange();
    }
    before = state;
  };
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return {
    setFiles(next) {
      // Files that were watched before keep the state that was last acted on, so that a change since then is not lost.
      known = new Map(next.map((file) => [file, known.get(file) ?? signatureNow(file)]));
    },
    lookNow() {
      const now = new Map([...known.keys()].map((file) => [file, signatureNow(file)]));
      if (![...now].some(([file, sign]) => known.get(file) !== sign)) return;
      known = now;
      onChange();
    },
    close: () => clearInterval(timer),
  };
}

interface Stats {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

const MISSING = 'missing';

function signature(file: string): Promise<string> {
  return stat(file, { bigint: true }).then(describe, () => MISSING);
}

function signatureNow(file: string): string {
  try {
    return describe(statSync(file, { bigint: true }));
  } catch {
    return MISSING;
  }
}

function describe({ ino, size, mtimeNs }: Stats): string {
  return `${ino}:${size}:${mtimeNs}`;
}
