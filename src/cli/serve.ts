// `postern serve`: runs the gate until SIGTERM or SIGINT, which drain it; SIGHUP reads the configuration again.

import { parseArgs } from 'node:util';
import { tuneMemory } from '../memory.ts';
import { ConfigurationRefused } from '../reload.ts';
import { type RunningGate, runGateway } from '../run.ts';
import type { CommandIO } from './io.ts';

/** Time after a drain in which the process should end by itself. ms. */
const EXIT_MS = 1_000;

/** What `postern serve --help` prints. */
export const SERVE_HELP = `postern serve: runs the gate.

  postern serve --config FILE [--set PATH=VALUE]...

  -c, --config FILE      the configuration; POSTERN_CONFIG names it too
      --set PATH=VALUE   overrides one key, e.g. --set log.level=debug --set 'clusters[0].name=prod'; may be repeated
  -h, --help             this text

Signals: SIGTERM and SIGINT stop taking new work, let open sessions end until sessions.drainTimeout, then close them (a second signal
ends at once). SIGHUP reads the configuration again; a broken one leaves the running one in place and is logged.
POSTERN_LOG_LEVEL overrides log.level. Log lines are JSON on standard error.

Exit codes: 0 after a drain, 1 when it could not start or was ended at once, 2 wrong usage.

Check a configuration first:  postern check --config FILE
`;

/** Runs the command. @returns the exit code: 0 after a drain, 1 when it could not start, 2 for wrong usage. */
export async function runServe(args: readonly string[], io: CommandIO): Promise<number> {
  let values: { config?: string; set?: string[]; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        set: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    io.stderr.write(`postern serve: ${(error as Error).message}\nTry "postern serve --help".\n`);
    return 2;
  }
  if (values.help === true) {
    io.stdout.write(SERVE_HELP);
    return 0;
  }
  const file = values.config ?? io.env['POSTERN_CONFIG'] ?? '';
  if (file === '') {
    io.stderr.write(
      'postern serve: no configuration; give --config FILE or set POSTERN_CONFIG\nTry "postern serve --help".\n',
    );
    return 2;
  }
  tuneMemory();
  try {
    const gate = await runGateway({ file, overrides: values.set ?? [], env: io.env, version: io.version });
    return await untilStopped(gate);
  } catch (error) {
    if (error instanceof ConfigurationRefused) io.stderr.write(`${error.problems.join('\n')}\n`);
    else io.stderr.write(`postern serve: ${(error as Error).message}\n`);
    return 1;
  }
}

function untilStopped(gate: RunningGate): Promise<number> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = () => {
      if (stopping) process.exit(1);
      stopping = true;
      gate.stop().then(() => {
        resolve(0);
        // Whatever might still be open, a peer that never reads for instance, does not keep the process.
        setTimeout(() => process.exit(0), EXIT_MS).unref();
      }, reject);
    };
    // The handler stays during the drain: without one the signal would end the process.
    process.on('SIGHUP', () => {
      if (!stopping) gate.reload();
    });
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
