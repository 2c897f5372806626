// How a command's end is told on the error stream (protocol.md §1.5, §1.6; cri-streaming pkg/streaming/remotecommand): from protocol v4 on as
// a Status that has the exit code, before that as a text, or nothing when all went well.

import type { CommandOutcome } from '../machine/machine.ts';

/** The bytes for the error stream. */
export function renderOutcome(outcome: CommandOutcome, asStatus: boolean): Buffer {
  if ('exitCode' in outcome && outcome.exitCode === 0) {
    return Buffer.from(asStatus ? JSON.stringify({ metadata: {}, status: 'Success' }) : '');
  }
  const message =
    'exitCode' in outcome
      ? `command terminated with non-zero exit code: exit code ${outcome.exitCode}`
      : `Internal error occurred: error executing command in container: ${outcome.failure}`;
  if (!asStatus) return Buffer.from(message);
  const rest =
    'exitCode' in outcome
      ? {
          reason: 'NonZeroExitCode',
          details: { causes: [{ reason: 'ExitCode', message: String(outcome.exitCode) }] },
        }
      : { reason: 'InternalError', code: 500 };
  return Buffer.from(JSON.stringify({ metadata: {}, status: 'Failure', message, ...rest }));
}
