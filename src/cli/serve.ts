// `postern serve`: runs the gate until SIGTERM or SIGINT, which drain it; SIGHUP reads the configuration again.

import { parseArgs } from 'node:util';
import { ConfigurationRefused, type RunningGate, runGateway } from '../run.ts';
import type { CommandIO } from './io.ts';

const HELP = `postern serve: runs the gate.

  postern serve --config FILE [--set PATH=VALUE]...

  --config FILE      the configuration; POSTERN_CONFIG names it too
  --set PATH=VALUE   overrides one key, e.g. --set log.level=debug --set 'clusters[0].name=prod'; may be repeated
  --help             this text

Signals: SIGTERM and SIGINT stop taking new work, let open sessions end until sessions.drainTimeout, then close them (a second signal
ends at once). SIGHUP reads the configuration again; a broken one leaves the running one in place and is logged.
POSTERN_LOG_LEVEL overrides log.level. Log lines are JSON on standard error.

Check a configuration first:  postern check --config FILE
`;

/** Runs the command. @returns the exit code: 0 after a drain, 1 when it could not start, 2 for wrong usage. */
export async function runServe(args: readonly string[], io: CommandIO): Promise<number> {
  let values: { config?: string; set?: string[]; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        set: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    io.stderr.write(`postern serve: ${(error as Error).message}\nTry "postern serve --help".\n`);
    return 2;
  }
  if (values.help === true) {
    io.stdout.write(HELP);
    return 0;
  }
  const file = values.config ?? io.env['POSTERN_CONFIG'];
  if (file === undefined) {
    io.stderr.write('postern serve: no configuration; give --config FILE or set POSTERN_CONFIG\n');
    return 2;
  }
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
  return new Promise((resolve) => {
    const hangUp = () => void gate.reload();
    const stop = () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.off(signal, stop);
        process.once(signal, () => process.exit(1));
      }
      process.off('SIGHUP', hangUp);
      void gate.stop().then(() => resolve(0));
    };
    process.on('SIGHUP', hangUp);
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
