// The main programs of images that serve nothing: `talk` logs, `practice-image` stands in for a program that does not exist here.

import type { Process, Program } from '../process.ts';
import { SIGTERM, Signalled, suspend } from '../signals.ts';
import { formatDate } from './calendar.ts';

const TALK_MS = 1000;

/** Ends with 0 on SIGTERM, as a program does that was told to stop. */
async function untilTerminated(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Signalled && error.signal === SIGTERM) return 0;
    throw error;
  }
}

/** One numbered line a second. */
function talk(process: Process): Promise<number> {
  return untilTerminated(async () => {
    for (let number = 1; ; number += 1) {
      await process.write(
        `${formatDate(process.system.now(), '%H:%M:%S')} line ${number} of ${process.system.hostname}\n`,
      );
      await process.sleep(TALK_MS);
    }
  });
}

function stand(process: Process): Promise<number> {
  return untilTerminated(async () => {
    await process.write(
      `This is a practice container: no image is pulled, and the program of "${process.system.image}" does not exist here. It waits; 'kubectl exec' gives a small shell.\n`,
    );
    await suspend(process.signal, () => () => {});
    throw process.signal.reason;
  });
}

/** Name → program. */
export const WAIT_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['talk', { usage: '', run: talk }],
  ['practice-image', { usage: '', run: stand }],
];
