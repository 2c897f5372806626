// Callers of a gate in every speech, and tests that are made once for each of them.

import t, { type Test } from 'tap';
import { type Caller, caller, SPEECHES } from '../fakes/caller.ts';

export interface Speeches {
  readonly callers: readonly Caller[];
  /** Makes a test for each of them. */
  everySpeech(name: string, run: (t: Test, one: Caller) => Promise<void>): void;
}

/** Opens a caller in each speech; they are closed when the file's tests are over, before the gate if that was started first. */
export function openSpeeches(gate: Parameters<typeof caller>[0]): Speeches {
  const callers = SPEECHES.map((speech) => caller(gate, speech));
  t.teardown(() => {
    for (const one of callers) one.close();
  });
  return {
    callers,
    everySpeech(name, run) {
      for (const one of callers) t.test(`${name} (${one.speech})`, (t) => run(t, one));
    },
  };
}
