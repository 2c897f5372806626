// Serves exec and attach on an upgraded socket: opens the streams, runs the command on them, tells how it ended, and sees to it that
// everything reaches the caller before the connection ends. Whatever the caller does, only this connection suffers.

import { finished, type Writable } from 'node:stream';
import type { SetTimer } from '../../delay.ts';
import type { CommandOutcome, CommandStreams } from '../machine/machine.ts';
import type { CommandConnection, WantedStreams } from './connection.ts';
import { isWebSocket, refuseUpgrade, type UpgradeRequest } from './negotiate.ts';
import { renderOutcome } from './outcome.ts';
import { openSocketCommand } from './socketcommand.ts';
import { openSpdyCommand } from './spdycommand.ts';
import { readSizes } from './terminalsize.ts';

/**
 * Serves one exec or attach. With a terminal there is no stderr, whatever `wanted` says. What `run` throws is told as a failure.
 * @param setTimer for tests
 * @returns when the connection is over; never rejects
 */
export async function serveRemoteCommand(
  upgrade: UpgradeRequest,
  wanted: WantedStreams,
  run: (streams: CommandStreams) => Promise<CommandOutcome>,
  setTimer?: SetTimer,
): Promise<void> {
  const asked = { ...wanted, stderr: wanted.stderr && !wanted.tty };
  if (!asked.stdin && !asked.stdout && !asked.stderr) {
    refuseUpgrade(upgrade, {
      status: 400,
      text: 'you must specify at least 1 of stdin, stdout, stderr',
    });
    return;
  }
  const open = isWebSocket(upgrade) ? openSocketCommand : openSpdyCommand;
  const connection = await open(upgrade, asked, setTimer);
  if (connection === undefined) return;
  const outcome = await runOn(connection, run);
  const { stdout, stderr, error, closed, asStatus } = connection;
  await Promise.race([closed, Promise.all([ended(stdout), ended(stderr)])]);
  const status = renderOutcome(outcome, asStatus);
  if (status.length > 0) error.write(status);
  await Promise.race([closed, ended(error)]);
  await connection.finish();
}

async function runOn(
  { stdin, stdout, stderr, resize, closed }: CommandConnection,
  run: (streams: CommandStreams) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  const gone = new AbortController();
  let running = true;
  void closed.then(() => {
    if (running) gone.abort();
  });
  try {
    return await run({ stdin, stdout, stderr, onSize: readSizes(resize), gone: gone.signal });
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    running = false;
  }
}

/** Ends a stream; resolves when all that was written to it is on its way, or it broke. */
function ended(stream: Writable | undefined): Promise<void> {
  if (stream === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    finished(stream, { readable: false }, () => resolve());
    stream.end();
  });
}
