// TABLE OF CONTENTS of the demo. In order: a directory, certificates, a cluster (practice, or the person's own), the identity provider, the
// gate with a configuration file as in production, tokens and a kubeconfig; then the gate's log as readable lines until the end, and the
// same backwards.

import type { CommandIO } from '../cli/io.ts';
import { watchForEnd } from './end.ts';
import { readFact } from './facts.ts';
import { FolderRefused, openFolder } from './folder.ts';
import type { DemoOptions } from './options.ts';
import { ClusterRefused } from './rights.ts';
import { createHumanScreen, createJsonScreen, type Screen } from './screen.ts';
import { type Parts, startParts } from './start.ts';
import { createTally } from './tally.ts';

/** After a stop the process ends at the latest now, whoever still holds a connection. ms. */
const EXIT_MS = 5_000;

/** Runs the demo until it is told to end. @returns the exit code: 0 when it was ended, 1 when it could not start. */
export async function runDemo(options: DemoOptions, io: CommandIO): Promise<number> {
  const now = () => performance.timeOrigin + performance.now();
  const startedAt = now();
  const screen = createScreen(options, io);
  const tally = createTally(startedAt);
  const end = watchForEnd(io.env);
  // A terminal that is gone must not keep the demo from tidying up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let parts: Parts | undefined;
  try {
    const folder = openFolder(options.dir);
    process.on('exit', folder.close);
    screen.begin(io.version);
    const onLog = (line: string) => {
      const fact = readFact(line);
      if (fact === undefined) return;
      tally.add(fact);
      screen.fact(fact);
    };
    parts = await startParts({ options, io, folder, screen, now, startedAt, onLog });
    end.arm();
    screen.ending(await end.ended);
    setTimeout(() => process.exit(0), EXIT_MS).unref();
    await parts.stop();
    folder.close();
    screen.summary(tally.summary(now()));
    return 0;
  } catch (error) {
    await parts?.stop();
    screen.problem(explain(error));
    return 1;
  } finally {
    end.close();
  }
}

function createScreen(options: DemoOptions, io: CommandIO): Screen {
  if (options.json) return createJsonScreen(io);
  const colour =
    process.stderr.isTTY === true && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
  const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
  return createHumanScreen(io, colour, (iso) => clock.format(new Date(iso)));
}

/** What went wrong, and what the person can do. */
function explain(error: unknown): string {
  if (error instanceof FolderRefused) return error.message;
  if (error instanceof ClusterRefused) return error.problems.join('\n  ');
  const { code, port, message } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} is taken by another program: name another with --port, or leave it out to get any that is free`;
  if (code === 'EACCES' && port !== undefined)
    return `this user may not listen on port ${port}: name one above 1023, or leave --port out`;
  return message;
}
