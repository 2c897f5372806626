import t from 'tap';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { eventually } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

// limits.connections with two workers: Node's cluster module would hand a connection that both refuse from one to the other and back, for ever.

const upstream = await startUpstream();
const gate = await startGateProcess({
  upstreams: [{ name: 'prod', upstream }],
  args: ['--workers', '2'],
  config: { limits: { connections: 2 } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

t.test('a connection that is beyond the limit of its worker is closed and counted, once', async (t) => {
  // They are handed out in turn.
  const held = [];
  for (let i = 0; i < 4; i++) held.push(await gate.connect());
  for (let i = 0; i < 2; i++) await t.rejects(gate.connect(), { code: 'ECONNRESET' });
  t.equal(await gate.metric('postern_admission_refused_total{limit="connections"}'), 2);
  for (const socket of held) socket.destroy();
  await eventually(async () => {
    const socket = await gate.connect().catch(() => undefined);
    socket?.destroy();
    return socket !== undefined;
  });
  t.equal(upstream.received.length, 0);
});
