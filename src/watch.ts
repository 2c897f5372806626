// Notices that files changed, by looking at them once a second: the one way that also sees Kubernetes' swapped symlinks, network file
// systems and a file that was away for a moment. A change counts when it looks the same twice, so that half-written files are left alone.

import { stat } from 'node:fs/promises';

/** ms. */
const INTERVAL_MS = 1_000;

export interface Watch {
  /** What to look at from now on; their present state counts as known. */
  setFiles(files: readonly string[]): void;
  close(): void;
}

/** Calls `onChange` after a change of any of the files has settled. */
export function watchFiles(
  files: readonly string[],
  onChange: () => void,
  intervalMs: number = INTERVAL_MS,
): Watch {
  let watched = files;
  let known: string | undefined;
  let before: string | undefined;
  let round = 0;
  const look = async () => {
    const mine = round;
    const now = await signature(watched);
    if (mine !== round) return;
    known ??= now;
    if (now !== known && now === before) {
      known = now;
      onChange();
    }
    before = now;
  };
  void look();
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return {
    setFiles(next) {
      if (next.length === watched.length && next.every((file, i) => file === watched[i])) return;
      watched = next;
      known = undefined;
      round++;
    },
    close: () => clearInterval(timer),
  };
}

async function signature(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then(
        ({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`,
        () => 'missing',
      ),
    ),
  );
  return parts.join(' ');
}
