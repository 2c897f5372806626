// Makes a container's machine: its files, its main command with its log, and what runs beside it. All of it is memory of this process.

import { createHash } from 'node:crypto';
import { EMPTY_SOURCE } from './files/open.ts';
import { processFiles } from './files/proc.ts';
import { createRoot } from './files/root.ts';
import { absolute } from './files/tree.ts';
import { DEFAULT_PATH, findProgram } from './lookup.ts';
import type { CommandOutcome, CommandStreams, Machine, MachineSpec, MachineSurroundings } from './machine.ts';
import { MainStreams } from './mainstreams.ts';
import { ContainerLog } from './output.ts';
import { Ports } from './ports.ts';
import { CannotFork, Process, ProcessTable, runCommand, type Stdio, type System, Turns } from './process.ts';
import { imageName, mainCommand, PROGRAMS } from './programs.ts';
import { SIGKILL, SIGTERM, Signalled } from './signals.ts';
import { pump, readFrom, sinkOf } from './streams.ts';
import { Terminal } from './terminal/terminal.ts';

/** Makes a machine and starts its main command. The command's first line comes after this has returned. */
export function createMachine(spec: MachineSpec, surroundings: MachineSurroundings): Machine {
  const ports = new Ports();
  // Its abort is SIGKILL for all that runs.
  const power = new AbortController();
  const system = createSystem(spec, surroundings, { ports, power: power.signal });
  const log = new ContainerLog(system.now);
  const main = new MainStreams(spec, log);
  const entry = system.processes.start({
    argv: mainCommand(spec),
    ppid: 0,
    terminal: spec.tty,
    parent: power.signal,
  });
  const forget = main.terminal?.onSignal((signal) => entry.kill(signal));
  const exited = Promise.resolve().then(async (): Promise<CommandOutcome> => {
    const outcome = await runMain(spec, system, { entry, stdio: main.stdio });
    main.end();
    forget?.();
    entry.end();
    power.abort(new Signalled(SIGKILL));
    ports.close();
    return outcome;
  });
  return {
    exec: (command, tty, streams) => runExec(spec, system, { command, tty, streams, power: power.signal }),
    attach: async (streams) => {
      if (power.signal.aborted) return { failure: 'container is not running' };
      await main.attach(streams, exited);
      // As the kubelet: how the main command ended is in the pod's status, not here.
      return { exitCode: 0 };
    },
    logLines: () => log.lines(),
    onLogLine: (listener) => log.listen(listener),
    connect: (port) => ports.connect(port),
    exited,
    stop: async (graceMs) => {
      entry.kill(SIGTERM);
      await Promise.race([exited, system.delay(graceMs, power.signal)]);
      power.abort(new Signalled(SIGKILL));
      await exited;
    },
  };
}

function createSystem(
  spec: MachineSpec,
  { now, delay }: MachineSurroundings,
  { ports, power }: { readonly ports: Ports; readonly power: AbortSignal },
): System {
  const web = imageName(spec.image) === 'web';
  const files = createRoot(spec, { now, programs: PROGRAMS.keys(), web });
  return {
    now,
    delay,
    hostname: spec.hostname,
    image: spec.image,
    ip: spec.ip,
    startedMs: now(),
    power,
    files,
    processes: new ProcessTable(now, processFiles(files)),
    turns: new Turns(),
    programs: PROGRAMS,
    connect: (port) => ports.connect(port),
    listen: (port, accept) => ports.listen(port, accept),
    listening: () => ports.listening(),
  };
}

/** The environment of a container's commands. */
function environment(spec: MachineSpec, tty: boolean): Map<string, string> {
  const env = new Map([
    ['PATH', DEFAULT_PATH],
    ['HOSTNAME', spec.hostname],
    ...(tty ? [['TERM', 'xterm'] as const] : []),
    ['HOME', '/root'],
  ]);
  for (const { name, value } of spec.env) env.set(name, value);
  return env;
}

/** The working directory, which is made where it lacks. */
function workingDirectory(spec: MachineSpec, system: System): string {
  const path = absolute('/', spec.workingDir === '' ? '/' : spec.workingDir);
  try {
    system.files.makeParents(path);
    return system.files.place(path).path;
  } catch {
    return '/';
  }
}

async function runMain(
  spec: MachineSpec,
  system: System,
  { entry, stdio }: { readonly entry: Process['entry']; readonly stdio: Stdio },
): Promise<CommandOutcome> {
  const env = environment(spec, spec.tty);
  const cwd = workingDirectory(spec, system);
  const argv = mainCommand(spec);
  const found = findProgram(system, argv, cwd, env.get('PATH') ?? DEFAULT_PATH);
  if (found.kind !== 'program') {
    const why = whyNot(argv[0] ?? '', found.kind);
    return {
      failure: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`,
    };
  }
  const process = new Process({ system, entry, argv: found.argv, env, cwd, ...stdio });
  const { code } = await runCommand(found.run, process);
  return { exitCode: code };
}

/** As runc words it. */
function whyNot(name: string, kind: 'missing' | 'denied'): string {
  if (kind === 'denied') return `exec: "${name}": permission denied`;
  return name.includes('/')
    ? `exec: "${name}": stat ${name}: no such file or directory`
    : `exec: "${name}": executable file not found in $PATH`;
}

interface Exec {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly streams: CommandStreams;
  readonly power: AbortSignal;
}

async function runExec(
  spec: MachineSpec,
  system: System,
  { command, tty, streams, power }: Exec,
): Promise<CommandOutcome> {
  const failed = (why: string): CommandOutcome => ({
    failure: `failed to exec in container: ${why}`,
  });
  if (power.aborted) return failed('container is not running');
  const env = environment(spec, tty);
  const cwd = workingDirectory(spec, system);
  const found = findProgram(system, command, cwd, env.get('PATH') ?? DEFAULT_PATH);
  try {
    const entry = system.processes.start({ argv: command, ppid: 0, terminal: tty, parent: power });
    if (found.kind !== 'program') {
      entry.end();
      const id = createHash('sha256').update(`${spec.hostname} ${entry.pid}`).digest('hex');
      return failed(
        `failed to start exec "${id}": OCI runtime exec failed: exec failed: unable to start container process: ${whyNot(command[0] ?? '', found.kind)}: unknown`,
      );
    }
    const joined = tty ? joinTerminal(streams, entry) : joinPlain(streams, entry.signal);
    const gone = () => entry.kill(SIGKILL);
    if (streams.gone.aborted) gone();
    streams.gone.addEventListener('abort', gone, { once: true });
    const process = new Process({ system, entry, argv: found.argv, env, cwd, ...joined.stdio });
    const { code } = await runCommand(found.run, process);
    joined.leave();
    entry.end();
    streams.gone.removeEventListener('abort', gone);
    return { exitCode: code };
  } catch (error) {
    return failed(error instanceof CannotFork ? 'too many processes' : String(error));
  }
}

interface Joined {
  readonly stdio: Stdio;
  readonly leave: () => void;
}

function joinPlain({ stdin, stdout, stderr, gone }: CommandStreams, signal: AbortSignal): Joined {
  const out = sinkOf(stdout, gone);
  const err = sinkOf(stderr, gone);
  if (stdin === undefined) {
    return { stdio: { stdin: EMPTY_SOURCE, stdout: out, stderr: err }, leave: () => {} };
  }
  const { source, stop } = readFrom(stdin, signal);
  return { stdio: { stdin: source, stdout: out, stderr: err }, leave: stop };
}

function joinTerminal({ stdin, stdout, onSize, gone }: CommandStreams, entry: Process['entry']): Joined {
  const sink = sinkOf(stdout, gone);
  // An echo has no process: `^C` is shown though it ends the command.
  const terminal = new Terminal((bytes, signal = gone) => sink.write(bytes, signal));
  onSize((size) => terminal.resize(size));
  const forget = terminal.onSignal((signal) => entry.kill(signal));
  const stop =
    stdin === undefined
      ? () => {}
      : pump(stdin, { take: (chunk) => terminal.type(chunk), end: () => terminal.end() });
  const leave = () => {
    stop();
    forget();
  };
  return { stdio: { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output }, leave };
}
