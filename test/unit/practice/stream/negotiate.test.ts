import { once } from 'node:events';
import t from 'tap';
import { acceptSpdy, acceptWebSocket, isWebSocket } from '../../../../src/practice/stream/negotiate.ts';
import { askUpgrade, dialRaw, listenForUpgrades } from './callers.ts';

const SPDY = ['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1'];
const version = (...values: string[]) => values.flatMap((value) => ['X-Stream-Protocol-Version', value]);

// protocol.md §1.4, the handshake table; what the server speaks, the header lines, the status, and what was chosen
type Handshake = readonly [
  what: string,
  supported: readonly string[],
  lines: readonly string[],
  status: number,
  chosen?: string,
];
const HANDSHAKES: readonly Handshake[] = [
  ['no protocol', ['a', 'b'], SPDY, 400],
  ['an empty header', ['a', 'b'], [...SPDY, ...version('')], 400],
  ['only commas', ['a', 'b'], [...SPDY, ...version(',, ')], 400],
  ['none in common', ['a', 'b'], [...SPDY, ...version('c')], 403],
  ['two, none in common', ['a', 'b'], [...SPDY, ...version('c, d')], 403],
  ['one in common', ['a', 'b'], [...SPDY, ...version('b')], 101, 'b'],
  ["the client's first", ['a', 'b'], [...SPDY, ...version('b, c')], 101, 'b'],
  ["the client's order counts", ['a', 'b'], [...SPDY, ...version('b', 'a')], 101, 'b'],
  ['lines and commas mixed', ['a', 'b'], [...SPDY, ...version('x,y', ' z ,a')], 101, 'a'],
  ['the case of a protocol counts', ['a'], [...SPDY, ...version('A')], 403],
  ['headers in any case', ['a'], ['Connection', 'uPGRADE', 'Upgrade', 'spdy/3.1', ...version('a')], 101, 'a'],
  [
    'SPDY among others',
    ['a'],
    ['Connection', 'keep-alive, Upgrade', 'Upgrade', 'x, SPDY/3.1', ...version('a')],
    101,
    'a',
  ],
  ['another upgrade', ['a'], ['Connection', 'Upgrade', 'Upgrade', 'h2c', ...version('a')], 400],
  ['SPDY/3', ['a'], ['Connection', 'Upgrade', 'Upgrade', 'SPDY/3', ...version('a')], 400],
];

for (const [what, supported, lines, status, chosen] of HANDSHAKES) {
  t.test(`SPDY handshake: ${what} → ${status}`, async (t) => {
    let accepted: string | undefined;
    const server = await listenForUpgrades(async (upgrade) => {
      accepted = acceptSpdy(upgrade, supported);
    });
    t.teardown(() => server.close());
    const { response, head, body } = await askUpgrade(server.port, 'POST', '/', ['Host', 'x', ...lines]);
    t.equal(response.statusCode, status);
    t.equal(accepted, chosen);
    if (status === 101) {
      t.match(response.headers, {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': chosen,
      });
      t.equal(head.length, 0, 'nothing comes with the 101');
      return;
    }
    t.equal(Number(response.headers['content-length']), Buffer.byteLength(body), 'a whole answer');
    t.equal(response.headers.connection, 'close');
    t.match(body, /^unable to upgrade: /);
    const list = response.headersDistinct['x-accepted-stream-protocol-versions'];
    t.same(list, status === 403 ? supported : undefined, 'one line for each protocol');
  });
}

const KEY = ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='];
const WEBSOCKET = ['Connection', 'Upgrade', 'Upgrade', 'WebSocket'];
const WEBSOCKET_HANDSHAKES: readonly [
  what: string,
  method: string,
  lines: readonly string[],
  status: number,
][] = [
  ['all is there', 'GET', [...WEBSOCKET, ...KEY, 'Sec-WebSocket-Version', '13'], 101],
  ['no key', 'GET', [...WEBSOCKET, 'Sec-WebSocket-Version', '13'], 400],
  ['a key that is none', 'GET', [...WEBSOCKET, 'Sec-WebSocket-Key', 'x', 'Sec-WebSocket-Version', '13'], 400],
  ['no version', 'GET', [...WEBSOCKET, ...KEY], 400],
  ['POST', 'POST', [...WEBSOCKET, ...KEY, 'Sec-WebSocket-Version', '13'], 405],
];

for (const [what, method, lines, status] of WEBSOCKET_HANDSHAKES) {
  t.test(`WebSocket handshake: ${what} → ${status}`, async (t) => {
    const server = await listenForUpgrades(async (upgrade) => {
      t.equal(isWebSocket(upgrade), true);
      const websocket = await acceptWebSocket(upgrade, 'SPDY/3.1+a');
      t.equal(websocket !== undefined, status === 101);
    });
    t.teardown(() => server.close());
    const extensions = [
      'Sec-WebSocket-Extensions',
      'permessage-deflate',
      'Sec-WebSocket-Protocol',
      'SPDY/3.1+a',
    ];
    const all = ['Host', 'x', ...lines, ...extensions];
    const { response, body } = await askUpgrade(server.port, method, '/', all);
    t.equal(response.statusCode, status);
    if (status === 101) {
      t.equal(response.headers['sec-websocket-protocol'], 'SPDY/3.1+a');
      t.equal(response.headers['sec-websocket-extensions'], undefined, 'no compression');
    } else t.equal(Number(response.headers['content-length']), Buffer.byteLength(body), 'a whole answer');
    await Promise.all(server.served);
  });
}

t.test('a refusal reaches a caller that goes on sending, and the connection ends', async (t) => {
  const server = await listenForUpgrades(async (upgrade) => {
    acceptSpdy(upgrade, ['a']);
  });
  t.teardown(() => server.close());
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n';
  const socket = await dialRaw(
    server.port,
    `${head}${'GET /secret HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000)}`,
  );
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'end');
  t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.equal(answer.split('HTTP/1.1').length, 2, 'one answer: the rest was not taken for requests');
});
