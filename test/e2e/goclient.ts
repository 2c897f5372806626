// The client-go harness (goclient/): runs it, and takes what its TAP says into a test of ours. It is built with the race detector.

import type { Test } from 'tap';
import { run } from '../cluster/run.ts';

/** Runs `program`, the built harness, and asserts in `t` that each of its cases passed, and that it saw no data race. */
export async function runHarness(
  t: Test,
  program: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const result = await run(program, args, { timeoutMs });
  for (const line of result.stdout.split('\n')) {
    const [, not, text = ''] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    if (text !== '') t.ok(not === undefined, text.replace(/ # time=.*$/, ''));
    else if (line.startsWith('# ')) t.comment(line.slice(2));
  }
  t.equal(result.code, 0, 'the exit code');
  t.notMatch(result.stderr, 'DATA RACE', 'no data race in what it did');
  if (result.code !== 0) t.comment(result.stderr);
}
