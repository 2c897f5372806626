// Logs and watches over a WebSocket (Kubernetes k8s.io/streaming pkg/httpstream/wsstream/stream.go).

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { serveTextStream } from '../../src/practice/stream/textstream.ts';
import { askUpgrade, dialWebSocket, listenForUpgrades } from '../unit/practice/stream/callers.ts';

// What is offered, whether the source is text; whether messages are binary, and how the second looks.
const CASES: readonly [offered: string[], asText: boolean, binary: boolean, message: string][] = [
  [[], false, true, 'line 2\n'],
  [[], true, false, 'line 2\n'],
  [['binary.k8s.io'], false, true, 'line 2\n'],
  [['base64.binary.k8s.io'], false, false, 'bGluZSAyCg=='],
];

for (const [offered, asText, binary, message] of CASES) {
  t.test(`[${offered.join()}] ${asText ? 'text' : 'bytes'}`, async (t) => {
    const source = new PassThrough();
    const server = await listenForUpgrades((upgrade) => serveTextStream(upgrade, source, asText));
    t.teardown(() => server.close());
    const caller = await dialWebSocket(server.port, offered);
    caller.websocket.send('ignored');
    source.write('line 1\n');
    await caller.until((messages) => messages.length === 1);
    source.write('line 2\n');
    source.end();
    t.equal(await caller.closed, 1000);
    t.equal(caller.messages.length, 2);
    t.same(caller.messages[1], { data: Buffer.from(message), binary });
    await Promise.all(server.served);
  });
}

t.test('a source that breaks, and a caller that goes', async (t) => {
  const sources = [new PassThrough(), new PassThrough()] as const;
  let next = 0;
  const server = await listenForUpgrades((upgrade) =>
    serveTextStream(upgrade, sources[next++ ? 1 : 0], false),
  );
  t.teardown(() => server.close());
  const first = await dialWebSocket(server.port, []);
  sources[0].destroy(new Error('broke'));
  t.equal(await first.closed, 1011);
  const second = await dialWebSocket(server.port, []);
  second.websocket.terminate();
  await once(sources[1], 'close');
  t.equal(sources[1].destroyed, true);
});

t.test('a protocol that is not spoken is refused', async (t) => {
  const source = new PassThrough();
  const server = await listenForUpgrades((upgrade) => serveTextStream(upgrade, source, false));
  t.teardown(() => server.close());
  const lines = [
    'Host',
    'x',
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
    'Sec-WebSocket-Protocol',
    'other',
  ];
  const { response } = await askUpgrade(server.port, 'GET', '/', lines);
  t.equal(response.statusCode, 403);
  t.equal(source.destroyed, true);
});
