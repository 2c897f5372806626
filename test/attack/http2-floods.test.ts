// Floods of HTTP/2 frames, after the advisories that named them. Each ends its own connection, or costs next to nothing; nobody else is kept waiting, and
// what reaches the API server is bounded. Most of it is nghttp2's and Node's doing, in the version that package.json pins, and is held here. Those of
// streams that are opened and reset are h2resets.ts.

import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { openFrames } from './h2connection.ts';
import { cancel, empty, FLOOD, idOf, openFloods, stranger, times } from './h2floods.ts';
import {
  block,
  FLAG,
  frame,
  frameHead,
  headers,
  integer,
  numbered,
  opening,
  priority,
  request,
  SETTING,
  settings,
  TYPE,
} from './h2frames.ts';
import { resetFloods } from './h2resets.ts';

const facts = recordFacts('http2-floods');
const floods = await openFloods();
const { attacked, post, watch } = floods;
const { token } = attacked;
const OPEN_WATCHES = 'postern_requests_in_flight{cluster="main",kind="watch"}';

/** HEADERS that do not end, and so many CONTINUATION frames. */
const continued = (count: number, fields: readonly string[]) => [
  frame(TYPE.HEADERS, FLAG.END_STREAM, 1, block(watch())),
  ...times(count, () => frame(TYPE.CONTINUATION, 0, 1, block(fields))),
];

/** A field of 4,000 bytes goes into the table, and is named by one byte each time after that: 40 MB in a block of 14 KB. */
const bomb = (stream: number) =>
  frame(
    TYPE.HEADERS,
    FLAG.END_STREAM | FLAG.END_HEADERS,
    stream,
    Buffer.concat([
      block(watch()),
      Buffer.from([0b0100_0000, 1, 0x61]),
      integer(4000, 7, 0),
      Buffer.alloc(4000, 0x62),
      Buffer.alloc(10_000, 0b1000_0000 | 62),
    ]),
  );

const CONTINUATION = 'HTTP/2 CONTINUATION flood (CVE-2024-27316, CVE-2024-28182)';
const CONTROL = 'HTTP/2 control frame flood (CVE-2019-9512, CVE-2019-9515)';
const EMPTY = 'HTTP/2 empty frame flood (CVE-2019-9518, CVE-2019-9516)';
const PRIORITIES = 'HTTP/2 priority flood (CVE-2019-9513)';
const WINDOWS = 'HTTP/2 WINDOW_UPDATE flood';
const HPACK = 'HTTP/2 HPACK bomb (CVE-2016-6581)';
const STREAMS = 'HTTP/2 more streams than allowed';

await floods.send(facts, resetFloods(floods));

await floods.send(facts, [
  [CONTINUATION, 'with fields', continued(FLOOD, ['x', 'y']), 'ended', 0],
  [CONTINUATION, 'with nothing', continued(FLOOD, []), 'ended', 0],
  [CONTINUATION, 'with fields of 30 KB', continued(60, ['x', 'y'.repeat(30_000)]), 'ended', 0],
  [
    CONTINUATION,
    'on a stream that was never opened',
    times(FLOOD, () => frame(TYPE.CONTINUATION, 0, 1)),
    'ended',
    0,
  ],

  [
    CONTROL,
    'SETTINGS with a value',
    times(FLOOD, (i) => settings([[SETTING.INITIAL_WINDOW_SIZE, i]])),
    'ended',
    0,
  ],
  [CONTROL, 'SETTINGS without one', times(FLOOD, () => settings()), 'ended', 0],
  [
    CONTROL,
    'one SETTINGS with very many',
    [settings(Array.from({ length: 2000 }, (_, i) => [SETTING.INITIAL_WINDOW_SIZE, i]))],
    'ended',
    0,
  ],
  [
    CONTROL,
    'answers to SETTINGS that nobody sent',
    times(FLOOD, () => frame(TYPE.SETTINGS, FLAG.ACK, 0)),
    'ended',
    0,
  ],
  [CONTROL, 'PING', times(FLOOD, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))), 'ended', 0],
  [
    CONTROL,
    'answers to PINGs that nobody sent',
    times(FLOOD, () => frame(TYPE.PING, FLAG.ACK, 0, Buffer.alloc(8))),
    'ended',
    0,
  ],
  [CONTROL, 'GOAWAY', times(FLOOD, () => frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8))), 'ended', 0],
  [
    CONTROL,
    'frames of a type that does not exist',
    times(FLOOD, () => frame(99, 0, 0, Buffer.alloc(8))),
    'ended',
    0,
  ],

  [EMPTY, 'DATA', [headers(1, post(), 0), ...times(FLOOD, () => empty(TYPE.DATA, 1))], 'ended', 1],
  [
    EMPTY,
    'header lines without a name',
    times(1500, (i) => headers(idOf(i), [...stranger, ...Array(40).fill('')])),
    'ended',
    0,
  ],

  [PRIORITIES, 'PRIORITY of streams to come', times(FLOOD, (i) => priority(idOf(i), 0)), 'ended', 0],
  [PRIORITIES, 'each depends on the next', times(FLOOD, (i) => priority(idOf(i), idOf(i + 1))), 'ended', 0],
  [PRIORITIES, 'each depends on itself', times(FLOOD, (i) => priority(idOf(i), idOf(i))), 'ended', 0],
  [
    PRIORITIES,
    'PRIORITY_UPDATE (RFC 9218)',
    times(FLOOD, (i) => frame(TYPE.PRIORITY_UPDATE, 0, 0, Buffer.from([0, 0, 0, idOf(i) % 250]))),
    'ended',
    0,
  ],

  [WINDOWS, 'of the connection', times(FLOOD, () => numbered(TYPE.WINDOW_UPDATE, 0, 1)), 'goes on', 0],
  [
    WINDOWS,
    'of a stream',
    [headers(1, watch()), ...times(FLOOD, () => numbered(TYPE.WINDOW_UPDATE, 1, 1))],
    'goes on',
    1,
  ],
  [
    WINDOWS,
    'of streams that were never opened',
    times(FLOOD, (i) => numbered(TYPE.WINDOW_UPDATE, idOf(i), 1)),
    'ended',
    0,
  ],

  [HPACK, 'one', [bomb(1)], 'goes on', 0],
  [HPACK, 'three hundred', times(300, (i) => bomb(idOf(i))), 'goes on', 0],
  [
    HPACK,
    'updates of the table without end',
    [
      frame(
        TYPE.HEADERS,
        FLAG.END_STREAM | FLAG.END_HEADERS,
        1,
        Buffer.concat([Buffer.alloc(16_000, 0b0010_0000), block(stranger)]),
      ),
    ],
    'goes on',
    0,
  ],
  [
    HPACK,
    'a length that has no end',
    [
      frame(
        TYPE.HEADERS,
        FLAG.END_STREAM | FLAG.END_HEADERS,
        1,
        Buffer.concat([Buffer.from([0, 127]), Buffer.alloc(16_000, 255)]),
      ),
    ],
    'ended',
    0,
  ],
  [HPACK, 'more lines than 10,000', [headers(1, watch(Array(22_000).fill('a')))], 'goes on', 0],
  [
    HPACK,
    'a block that is larger than a frame may be',
    [frameHead(2 ** 24 - 1, { type: TYPE.HEADERS, flags: 5, stream: 1 })],
    'ended',
    0,
  ],

  [
    STREAMS,
    'uploads of a stranger that do not end',
    times(1500, (i) => headers(idOf(i), [':method', 'POST', ...stranger.slice(2)], 0)),
    'ended',
    0,
  ],
]);

await facts.attack(
  CONTINUATION,
  'and the connection is torn within the header block (CVE-2024-27983)',
  async (t) => {
    await attacked.bounded(t, async () => {
      for (let i = 0; i < 50; i++) {
        const one = await openFrames(attacked.gate);
        await one.send(opening(), headers(1, stranger), ...continued(4, ['x', 'y']));
        one.end();
        await one.closed;
      }
    });
  },
);

t.test('a caller who stops hundreds of watches at once is no attacker: k9s, informers', async (t) => {
  const one = await openFrames(attacked.gate);
  const ids = Array.from({ length: 250 }, (_, i) => idOf(i));
  await one.send(opening(), ...ids.map((id) => headers(id, watch())));
  const statuses = await Promise.all(ids.map((id) => one.status(id)));
  t.same([...new Set(statuses)], [200]);
  t.equal(await attacked.gate.metric(OPEN_WATCHES), ids.length, 'and of the attacks none is left');
  await one.send(...ids.map(cancel), headers(2001, request('/version', token)));
  t.equal(await one.status(2001), 200);
  t.equal(await attacked.gate.metric(OPEN_WATCHES), 0);
  one.end();
  await one.closed;
});
