// `postern serve`: runs the gate until SIGTERM or SIGINT, which drain it; SIGHUP reads the configuration again. With several workers this
// process runs none itself and loads what they take; without, nothing of that is loaded.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { tuneMemory } from '../memory.ts';
import type { RunOptions } from '../parts.ts';
import { ConfigurationRefused } from '../reload.ts';
import { runGateway } from '../run.ts';
import { MAX_WORKERS, parseWorkers } from '../workers/count.ts';
import { CrewFailed } from '../workers/crew.ts';
import { WORKER_VARIABLE } from '../workers/messages.ts';
import type { CommandIO } from './io.ts';

/** Time after a drain in which the process should end by itself. ms. */
const EXIT_MS = 1_000;

/** What `postern serve --help` prints. */
export const SERVE_HELP = `postern serve: runs the gate.

  postern serve --config FILE [--set PATH=VALUE]... [--workers N]

  -c, --config FILE      the configuration; POSTERN_CONFIG names it too
      --set PATH=VALUE   overrides one key, e.g. --set log.level=debug --set 'clusters[0].name=prod'; may be repeated
      --workers N        processes that share the work, 1 to 64, or auto: one for each core that the process may use; default 1.
                         Each verifies tokens, reloads and drains by itself; the first process only hands connections out, answers
                         on the ops listener for all, and replaces a worker that dies
  -h, --help             this text

Signals: SIGTERM and SIGINT stop taking new work, let open sessions end until sessions.drainTimeout, then close them (a second signal
ends at once). SIGHUP reads the configuration again; a broken one leaves the running one in place and is logged.
POSTERN_LOG_LEVEL overrides log.level. Log lines are JSON on standard error.

Exit codes: 0 after a drain, 1 when it could not start or was ended at once, 2 wrong usage.

Check a configuration first:  postern check --config FILE
`;

/** What the command line says, or why it can't be used. */
type Parsed =
  | {
      readonly kind: 'run';
      readonly file: string;
      readonly overrides: readonly string[];
      readonly workers: number;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly why: string };

/** Runs the command. @returns the exit code: 0 after a drain, 1 when it could not start, 2 for wrong usage. */
export async function runServe(args: readonly string[], io: CommandIO): Promise<number> {
  const parsed = parse(args, io.env);
  if (parsed.kind === 'wrong') {
    io.stderr.write(`postern serve: ${parsed.why}\nTry "postern serve --help".\n`);
    return 2;
  }
  if (parsed.kind === 'help') {
    io.stdout.write(SERVE_HELP);
    return 0;
  }
  const { file, overrides, workers } = parsed;
  const options = { file, overrides, env: io.env, version: io.version };
  tuneMemory();
  try {
    // Somebody's own variable of that name makes no worker: one has a channel to its primary.
    if (io.env[WORKER_VARIABLE] !== undefined && process.send !== undefined) return await work(options);
    const early = hearEarly();
    const running = await start(options, workers);
    const stopped = untilStopped(running);
    if (early.over()) running.reload();
    return await stopped;
  } catch (error) {
    if (error instanceof ConfigurationRefused) io.stderr.write(`${error.problems.join('\n')}\n`);
    else if (error instanceof CrewFailed) io.stderr.write(`${error.lines.join('\n')}\n`);
    else io.stderr.write(`postern serve: ${(error as Error).message}\n`);
    return 1;
  }
}

function parse(args: readonly string[], env: CommandIO['env']): Parsed {
  let values: { config?: string; set?: string[]; workers?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        set: { type: 'string', multiple: true },
        workers: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { kind: 'wrong', why: (error as Error).message };
  }
  if (values.help === true) return { kind: 'help' };
  const workers = parseWorkers(values.workers ?? '1', availableParallelism);
  if (workers === undefined) {
    const why = `--workers takes 1 to ${MAX_WORKERS} or auto, not ${JSON.stringify(values.workers)}`;
    return { kind: 'wrong', why };
  }
  const file = values.config ?? env['POSTERN_CONFIG'] ?? '';
  if (file === '')
    return { kind: 'wrong', why: 'no configuration; give --config FILE or set POSTERN_CONFIG' };
  return { kind: 'run', file, overrides: values.set ?? [], workers };
}

/** What signals act on: a gate in this process, or workers that are several. */
interface Running {
  reload(): void;
  stop(): Promise<void>;
  /** Ends what would outlive this process. */
  readonly kill?: () => void;
  /** Rejects when it has ended by itself. */
  readonly failed?: Promise<never>;
}

/**
 * Hears signals before there is anything to act on: SIGHUP would end the process, and the first one of a container would not hear SIGTERM at all.
 * @returns what ends it, and says whether the configuration is to be read again
 */
function hearEarly(): { readonly over: () => boolean } {
  let again = false;
  const read = () => {
    again = true;
  };
  // Nothing is open yet. Workers end with their primary.
  const end = () => process.exit(1);
  process.on('SIGHUP', read).on('SIGTERM', end).on('SIGINT', end);
  return {
    over: () => {
      process.off('SIGHUP', read).off('SIGTERM', end).off('SIGINT', end);
      return again;
    },
  };
}

async function start(options: RunOptions, workers: number): Promise<Running> {
  if (workers === 1) return runGateway(options);
  const { runCrew } = await import('../workers/primary.ts');
  return runCrew(options, workers);
}

async function work(options: RunOptions): Promise<number> {
  const { runWorker } = await import('../workers/worker.ts');
  const code = await runWorker(options);
  endSoon(code);
  return code;
}

function untilStopped(running: Running): Promise<number> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = () => {
      if (stopping) {
        running.kill?.();
        process.exit(1);
      }
      stopping = true;
      running.stop().then(() => {
        resolve(0);
        endSoon(0);
      }, reject);
    };
    // The handler stays during the drain: without one the signal would end the process.
    process.on('SIGHUP', () => {
      if (!stopping) running.reload();
    });
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    running.failed?.catch(reject);
  });
}

/** Whatever might still be open, a peer that never reads for instance, does not keep the process. */
function endSoon(code: number): void {
  setTimeout(() => process.exit(code), EXIT_MS).unref();
}
