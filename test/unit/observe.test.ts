import t from 'tap';
import type { Exchange } from '../../src/exchange.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createObserver } from '../../src/observe.ts';
import { heldBytes } from '../fakes/heap.ts';

const MIB = 1024 * 1024;

function attempt(rawTarget: string, upgrade: 'websocket' | 'spdy'): Exchange {
  const method = upgrade === 'websocket' ? 'GET' : 'POST';
  return { upgrade, method, rawTarget, rawHeaders: [], peerAddress: '192.0.2.7' } as unknown as Exchange;
}

// Anybody can be refused: what is remembered of it to count kubectl's two attempts once is small, whatever the request was.
t.test('refused attempts of a MiB each are not held, and pairs are still told', async (t) => {
  const metrics = createMetrics({ version: '0', node: '0' });
  const { onRefusedSession } = createObserver(createLog('error', { write: () => {} }), metrics, () => 1000);
  const target = (i: number) => `/api/v1/namespaces/n/pods/${i}/exec?command=${'x'.repeat(MIB)}`;
  const before = heldBytes();
  for (let i = 0; i < 100; i++) onRefusedSession('prod', 'exec', attempt(target(i), 'websocket'));
  t.ok(heldBytes() - before < 20 * MIB, `${heldBytes() - before} bytes are held`);
  for (let i = 0; i < 100; i++) onRefusedSession('prod', 'exec', attempt(target(i), 'spdy'));
  onRefusedSession('prod', 'exec', attempt(target(100), 'spdy'));
  const { values } = await metrics.sessions.get();
  t.same(
    values.map(({ labels, value }) => [labels.protocol, labels.end, value]),
    [
      ['websocket', 'refused', 100],
      ['spdy', 'refused', 1],
    ],
  );
});
