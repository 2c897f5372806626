// What a test needs that takes a credential away from open sessions: an exec over a WebSocket and one over SPDY that it ends, and somebody else's that goes
// on.

import type { Test } from 'tap';
import { WebSocket } from 'ws';
import { readAll } from '../unit/practice/stream/callers.ts';
import { type Credential, openSpdy, openWebSocket } from './execs.ts';
import type { TestGate } from './gate.ts';
import type { PracticeGate } from './practicegate.ts';

/** Whether a log line is that of a session's end. */
export const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';

/** Writes the configuration with this in its authentication, and has it taken up. */
export function reconfigure(
  { gate, config, writeConfig }: TestGate,
  authentication: Readonly<Record<string, unknown>>,
): void {
  writeConfig({ ...config, authentication: { ...(config['authentication'] as object), ...authentication } });
  if (!gate.reload()) throw new Error('refused');
}

/** Opens both kinds for a credential, and one for alice, who has a token; ends them by `take`, and looks at what each has heard. */
export async function endsBy(
  t: Test,
  gate: TestGate,
  credential: Credential,
  take: () => Promise<void> | void,
  { told, detail }: { readonly told: RegExp; readonly detail: RegExp },
): Promise<void> {
  const alice = await openWebSocket(gate, { token: await gate.token() });
  await alice.until(1, 'waiting\n');
  const socket = await openWebSocket(gate, credential);
  const spdy = await openSpdy(gate, credential);
  const word = readAll(spdy.error);
  await take();
  t.equal(await socket.closed, 1000);
  const status = {
    kind: 'Status',
    status: 'Failure',
    code: 403,
    message: told,
    details: { causes: [{ reason: 'SESSION_REVOKED' }] },
  };
  t.match(JSON.parse(socket.heard[3] ?? ''), status, 'over WebSocket');
  t.match(JSON.parse(String(await word)), status, 'over SPDY');
  await spdy.session.closed;
  for (const protocol of ['websocket', 'spdy'])
    t.match(await gate.logged((line) => isSessionEnd(line) && line['protocol'] === protocol), {
      end: 'killed',
      detail,
    });
  t.equal(alice.websocket.readyState, WebSocket.OPEN, 'somebody else stays');
  t.equal(alice.heard[3], undefined);
  alice.websocket.close();
}

/** Ends both with the test. */
export function ended(t: Test, started: PracticeGate): PracticeGate {
  t.teardown(() => started.stop());
  return started;
}
