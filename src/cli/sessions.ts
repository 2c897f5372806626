// `postern sessions`: who is in, at all replicas of a gate, and their end. It talks to the board where replicas leave their pages, with the
// operator's own credentials, and to no replica.

import { loggedError } from '../log.ts';
import { BoardRefusal, type OperatorBoard } from '../roster/board.ts';
import type { CommandIO, CommandWorld } from './io.ts';
import { openOperatorBoard } from './sessionsboard.ts';
import { endSessions } from './sessionsend.ts';
import { listSessions } from './sessionslist.ts';
import { readSessionsOptions } from './sessionsoptions.ts';

/** What `postern sessions --help` prints. */
export const SESSIONS_HELP = `postern sessions: who is in, at all replicas of a gate, and their end.

  postern sessions list [--user NAME] [--cluster NAME] [--kind KIND] [--all] [--output wide|json]
  postern sessions end ID...       [--reason TEXT] [--wait 10s] [--output json]
  postern sessions end --user NAME [--cluster NAME] [--kind KIND] [--reason TEXT] [--wait 10s] [--output json]

list shows what each replica tells: user, kind, pod, age. Replicas tell within seconds of a change. Watches are left out unless --all.
end asks every replica and waits for each one's answer. By id: as list shows it, four characters or more. By user: all that is open,
watches and logs too. exec and attach hear the reason, and kubectl prints it. It does not keep anybody out: who still has a good
credential may come again.

      --user NAME        the user as the gate knows it, after claim mapping
      --cluster NAME     only of this cluster, as in clusters[].name of the configuration
      --kind KIND        only exec, attach, portforward, proxy, log or watch
      --reason TEXT      what the callers are told, at most 512 characters
      --wait DURATION    how long replicas may take to answer; default 10s
      --all              list watches, too
  -o, --output FORMAT    wide: more columns; json: one document

Where the list is (sessions.registry in the gate's configuration). In Kubernetes, with the rights that your kubeconfig has there:

      --kubeconfig FILE  default KUBECONFIG, then ~/.kube/config, then the pod's own service account
      --context NAME     default: the current one
  -n, --namespace NAME   default postern

In a Redis:

      --redis URL                  rediss://[USER@]HOST:PORT[/DATABASE]
      --redis-password-file FILE   the password, alone in a file
      --redis-ca-file FILE         PEM: the authorities of its certificate; default: the system's

  $ postern sessions list --user ada@example.com
  ID        USER             CLUSTER  KIND  TARGET                 AGE
  3f2a9c1e  ada@example.com  prod     exec  shop/web-5d9c7/nginx   12m

  $ postern sessions end 3f2a9c1e --reason "maintenance at 18:00"
  $ postern sessions end --user ada@example.com --reason "laptop was stolen"

Exit codes: 0 done; 1 a replica did not answer or is gone with sessions that were meant, an id is unknown, the registry can't be
reached; 2 wrong usage. How to set it up, and who may: docs/how-to/sessions.md
`;

const WORLD: CommandWorld = {
  now: Date.now,
  pause: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};

/** Runs the command with the arguments after its name. @returns the exit code */
export async function runSessions(
  args: readonly string[],
  io: CommandIO,
  world: CommandWorld = WORLD,
): Promise<number> {
  const options = readSessionsOptions(args);
  if (options.kind === 'help') {
    io.stdout.write(SESSIONS_HELP);
    return 0;
  }
  if (options.kind === 'wrong') {
    io.stderr.write(`postern sessions: ${options.why}\nTry "postern sessions --help".\n`);
    return 2;
  }
  let board: OperatorBoard | undefined;
  try {
    board = await openOperatorBoard(options.board, io.env);
    return options.kind === 'list'
      ? await listSessions(board, options, { io, world })
      : await endSessions(board, options, { io, world });
  } catch (error) {
    io.stderr.write(`postern sessions: ${describe(error)}\n`);
    return 1;
  } finally {
    await board?.close();
  }
}

function describe(error: unknown): string {
  if (error instanceof BoardRefusal) return error.message;
  const { message, code = '' } = loggedError(error) as { message?: string; code?: string };
  return `the registry cannot be reached: ${message}${code === '' ? '' : ` (${code})`}`;
}
