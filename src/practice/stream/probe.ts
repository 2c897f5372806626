// Finds out whether the other side is still there while a slow reader keeps its socket from being read: an end would only be seen by
// reading, but writing to a connection that is gone fails.

import { afterDelay, type SetTimer } from '../../delay.ts';

/** How often a held-back connection is tried. ms. */
const PROBE_MS = 5_000;

/** Calls `probe` every 5 s until `held` resolves. */
export async function probeWhile(held: Promise<void>, probe: () => void, setTimer?: SetTimer): Promise<void> {
  let cancel = () => {};
  const again = () => {
    cancel = afterDelay(
      PROBE_MS,
      () => {
        probe();
        again();
      },
      setTimer,
    );
  };
  again();
  await held;
  cancel();
}
