// `postern demo`: the whole product on this machine with no cluster, until Ctrl-C.

import { parseArgs } from 'node:util';
import { refuseAddress } from '../demo/loopback.ts';
import type { DemoOptions } from '../demo/options.ts';
import type { CommandIO } from './io.ts';

const MAX_PORT = 65_535;
const NEED_PACKAGES =
  'Such packages are optional, and an image leaves them out: install without --omit=optional.';

/** What `postern demo --help` prints. */
export const DEMO_HELP = `postern demo: everything on this machine, with no cluster: a practice API server, an identity provider with three people, the gate, and a
kubeconfig for your own kubectl. Ctrl-C ends it and leaves nothing behind.

  postern demo [--port N] [--dir DIR] [--output json]
  postern demo --kubeconfig FILE [--context NAME]

  -p, --port N           the gate's port; default: any that is free
      --address HOST     the loopback address to listen on; default 127.0.0.1
      --dir DIR          where the configuration, the kubeconfig and the certificates lie; new, or empty and only yours to write; emptied at
                         the end. Default: a new directory among the system's temporary files, readable by you only
      --kubeconfig FILE  in front of the cluster that you already have instead of the practice cluster: the gate comes to it as this
                         file's user, says before it starts what rights that takes, and gives you nothing that you don't have
      --context NAME     which context of that file; default: its current one
  -o, --output json      JSON lines on standard output, for scripts: {"event":"ready",…} first, then one per request and session,
                         {"event":"summary",…} last
  -h, --help             this text

The three people: erin (engineer), otto (engineer, on call, with a second factor), ada (auditor, may only read). Each has a context in the
kubeconfig, e.g. kubectl --context ada get pods. The identity provider's page, which the demo prints, lets you sign in as them too.

It listens on loopback only. A tour of ten minutes: docs/tutorial/demo.md

Exit codes: 0 when it was ended, 1 when it could not start, 2 wrong usage.
`;

/** Runs the command until it is ended. @returns the exit code. */
export async function runDemoCommand(args: readonly string[], io: CommandIO): Promise<number> {
  let options: DemoOptions | undefined;
  try {
    options = readOptions(args);
  } catch (error) {
    io.stderr.write(`postern demo: ${(error as Error).message}\nTry "postern demo --help".\n`);
    return 2;
  }
  if (options === undefined) {
    io.stdout.write(DEMO_HELP);
    return 0;
  }
  let demo: typeof import('../demo/demo.ts');
  try {
    demo = await import('../demo/demo.ts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const name = /package '([^']+)'/.exec((error as Error).message)?.[1] ?? 'a package';
    io.stderr.write(`postern demo: ${name} is not installed, which only the demo needs. ${NEED_PACKAGES}\n`);
    return 1;
  }
  return demo.runDemo(options, io);
}

/** undefined: help was asked for. @throws Error for wrong usage. */
function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', short: 'p' },
      address: { type: 'string' },
      dir: { type: 'string' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT || values.port === '')
    throw new Error(
      `--port takes a number from 0 (any that is free) to ${MAX_PORT}, not ${JSON.stringify(values.port)}`,
    );
  const address = values.address ?? '127.0.0.1';
  const refusal = refuseAddress(address);
  if (refusal !== undefined) throw new Error(refusal);
  if (values.output !== undefined && values.output !== 'json') throw new Error('--output takes json');
  if (values.context !== undefined && values.kubeconfig === undefined)
    throw new Error('--context names a context of --kubeconfig: give that too');
  if (values.dir === '' || values.kubeconfig === '') throw new Error('--dir and --kubeconfig take a path');
  return {
    host: address === 'localhost' ? '127.0.0.1' : address,
    port,
    json: values.output === 'json',
    kubeconfig: values.kubeconfig,
    context: values.context ?? '',
    dir: values.dir,
  };
}
