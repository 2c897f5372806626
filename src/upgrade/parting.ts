// How a session that the gate ends is parted from its caller: after the frame that is under way, with the last word, then the end. Until then it
// only watches what goes by.

import type { LastWord } from './lastword.ts';

/** How long a frame may still take to be complete. ms */
export const LAST_FRAME_MS = 1_000;

/** What it does to the tunnel. */
export interface PartingDeps {
  /** Writes to the caller, after all that goes before. */
  readonly write: (bytes: Buffer) => void;
  /** Ends both sides. */
  readonly end: () => void;
}

/** Between a tunnel and its last word. */
export interface Parting {
  /** Sees what goes to the caller. @returns how much of it still goes */
  readonly watchDown: (size: number, bytes: Buffer) => number;
  /** Sees what comes from the caller; all of it goes on. */
  readonly watchUp: (size: number, bytes: Buffer) => number;
  /** Says why as soon as it can be understood, and ends. */
  readonly begin: (status: string) => void;
  /** The session has ended. */
  readonly dispose: () => void;
}

/** Makes the parting of one tunnel; undefined without a last word. */
export function part(word: LastWord | undefined, { write, end }: PartingDeps): Parting | undefined {
  if (word === undefined) return undefined;
  let state: 'open' | 'waiting' | 'over' = 'open';
  let status = '';
  let deadline: NodeJS.Timeout | undefined;
  const isDecided = () => word.isBetween() || word.isOver();
  const say = () => {
    clearTimeout(deadline);
    const bytes = word.say(status);
    if (bytes !== undefined) write(bytes);
    end();
  };
  return {
    watchDown(size, bytes) {
      if (state === 'open') return word.follow(size, bytes, false);
      if (state === 'over') return 0;
      const passing = word.follow(size, bytes, true);
      if (isDecided()) {
        state = 'over';
        // What passes is handed over when this returns.
        process.nextTick(say);
      }
      return passing;
    },
    watchUp(size, bytes) {
      word.listen(size, bytes);
      return size;
    },
    begin(why) {
      if (state !== 'open') return;
      status = why;
      if (isDecided()) {
        state = 'over';
        say();
        return;
      }
      state = 'waiting';
      deadline = setTimeout(() => {
        state = 'over';
        end();
      }, LAST_FRAME_MS);
      deadline.unref();
    },
    dispose: () => clearTimeout(deadline),
  };
}
