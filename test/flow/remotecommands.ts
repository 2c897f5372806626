// A server of exec and attach over real sockets whose command is the test’s own, and what its callers ask for.

import { once } from 'node:events';
import type { Test } from 'tap';
import type { CommandOutcome, CommandStreams } from '../../src/practice/machine/machine.ts';
import { serveRemoteCommand } from '../../src/practice/stream/remotecommand.ts';
import { type Listener, listenForUpgrades } from '../unit/practice/stream/callers.ts';

export type Run = (streams: CommandStreams) => Promise<CommandOutcome>;
export const ALL = { stdin: true, stdout: true, stderr: true, tty: false };
export const TTY = { stdin: true, stdout: true, stderr: true, tty: true };
export const V4 = ['v4.channel.k8s.io'];
export const V5 = ['v5.channel.k8s.io'];

export const cat: Run = async ({ stdin, stdout }) => {
  if (stdin === undefined || stdout === undefined) throw new TypeError('streams');
  for await (const chunk of stdin) if (!stdout.write(chunk)) await once(stdout, 'drain');
  return { exitCode: 0 };
};
export const exit =
  (outcome: CommandOutcome): Run =>
  async () =>
    outcome;

export async function serving(
  t: Test,
  run: Run,
  wanted = ALL,
  setTimer?: Parameters<typeof serveRemoteCommand>[3],
) {
  const server = await listenForUpgrades((upgrade) => serveRemoteCommand(upgrade, wanted, run, setTimer));
  t.teardown(() => server.close());
  return server;
}

export function channel({ messages }: Pick<Listener, 'messages'>, number: number): Buffer {
  const parts = messages.filter(({ data }) => data[0] === number).map(({ data }) => data.subarray(1));
  return Buffer.concat(parts);
}
