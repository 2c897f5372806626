// A command that goes into the background by itself, as servers do: a process of its own that outlives who started it.

import { EMPTY_SOURCE, NULL_SINK } from './files/open.ts';
import { type Command, Process, runCommand } from './process.ts';

/** Runs `work` as a process that only a signal or the machine's end stops. @throws CannotFork. */
export function detach(process: Process, work: Command): void {
  const { system, env, cwd } = process;
  const argv = [process.name, ...process.args];
  const entry = system.processes.start({ argv, ppid: 1, terminal: false, parent: system.power });
  const stdio = { stdin: EMPTY_SOURCE, stdout: NULL_SINK, stderr: NULL_SINK };
  const daemon = new Process({ system, entry, argv, env, cwd, ...stdio });
  void runCommand(work, daemon).finally(() => entry.end());
}
