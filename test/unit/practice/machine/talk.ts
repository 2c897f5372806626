// Types at a command’s terminal: keys, each once the screen ends with what is expected before them.

import { Console, rig } from './rig.ts';

export const SIZE = { width: 80, height: 24 };
/** Each step: keys, once the screen ends with the text before. */
export type Steps = readonly (readonly [after: string, keys: string])[];

export async function talk(
  command: readonly string[],
  steps: Steps,
): Promise<{ screen: string; outcome: unknown }> {
  const { machine } = rig();
  const caller = new Console(machine, command, SIZE);
  for (const [after, keys] of steps) await caller.type(keys, after);
  const outcome = await caller.outcome;
  await machine.stop(0);
  return { screen: caller.screen.text, outcome };
}
