// Callers who ask over HTTP/2 and do not take what they asked for: flow-control windows that stay shut or open by a byte, and a connection that is not
// read at all. What waits for them is bounded, the API server is stopped, and what they do take is whole.

import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { startAttacked } from './h2attack.ts';
import { type FrameConnection, openFrames } from './h2connection.ts';
import {
  bodyOf,
  CODE,
  FLAG,
  frame,
  headers,
  numbered,
  opening,
  request,
  SETTING,
  settings,
  TYPE,
} from './h2frames.ts';

const facts = recordFacts('http2-stalls');
const ANSWER_BYTES = 2 * 1024 * 1024;
const ANSWER = Buffer.alloc(ANSWER_BYTES, 'answer ');
const STREAMS = 60;
/** The window that a connection begins with, RFC 9113 §6.9.2. */
const FIRST_WINDOW = 65_535;
const attacked = await startAttacked((_request, response) => void response.end(ANSWER));
const { token } = attacked;
t.teardown(() => attacked.stop());

const idOf = (index: number) => 2 * index + 1;
const lists = Array.from({ length: STREAMS }, (_, i) =>
  headers(idOf(i), request(`/api/v1/pods?list=${i}`, token)),
);
const ids = lists.map((_, i) => idOf(i));
const isReset = ({ type }: { readonly type: number }) => type === TYPE.RST_STREAM;

const KIND = 'HTTP/2 zero-window stall (CVE-2019-9517, CVE-2019-9511)';
/** 120 MiB are asked for each time. */
const STALLS: readonly (readonly [
  name: string,
  pairs: readonly (readonly [number, number])[],
  bytes: number,
])[] = [
  ['the windows of the streams are shut', [[SETTING.INITIAL_WINDOW_SIZE, 0]], 0],
  ['the windows of the streams are of one byte', [[SETTING.INITIAL_WINDOW_SIZE, 1]], STREAMS],
  ['the window of the connection is used up', [[SETTING.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]], FIRST_WINDOW],
];

for (const [name, pairs, bytes] of STALLS)
  await facts.attack(KIND, name, async (t) => {
    const one = await openFrames(attacked.gate);
    await attacked.bounded(t, async () => {
      await one.send(opening(pairs), ...lists);
      for (const id of ids) if ((await one.status(id)) !== 200) t.fail(`stream ${id}`);
      t.equal(await one.settled(), true);
    });
    const taken = ids.reduce((sum, id) => sum + bodyOf(one.frames, id).length, 0);
    t.equal(taken, bytes, 'no byte more than the windows let through');
    await takeWhole(one);
    t.ok(bodyOf(one.frames, 1).equals(ANSWER), 'what is taken at last is whole');
    one.end();
    await one.closed;
  });

await facts.attack(KIND, 'an answer is taken byte by byte', async (t) => {
  const one = await openFrames(attacked.gate);
  await attacked.bounded(t, async () => {
    await one.send(opening([[SETTING.INITIAL_WINDOW_SIZE, 0]]), lists[0] ?? Buffer.alloc(0));
    await one.status(1);
    for (let i = 0; i < 1000; i++) await one.send(numbered(TYPE.WINDOW_UPDATE, 1, 1));
    t.equal(await one.settled(), true);
  });
  t.ok(bodyOf(one.frames, 1).equals(ANSWER.subarray(0, 1000)));
  one.end();
  await one.closed;
});

await facts.attack(KIND, 'windows are open, and the connection is not read', async (t) => {
  const one = await openFrames(attacked.gate);
  one.socket.pause();
  const wide = numbered(TYPE.WINDOW_UPDATE, 0, 2 ** 31 - 1 - FIRST_WINDOW);
  await attacked.bounded(t, async () => {
    await one.send(opening([[SETTING.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]]), wide, ...lists);
    // The gate has taken all requests: the last of them has reached the API server.
    while (!attacked.upstream.received.some(({ url }) => url?.endsWith(`list=${STREAMS - 1}`))) await tick();
  });
  one.end();
  await one.closed;
});

await facts.attack(
  'HTTP/2 control frame flood (CVE-2019-9512, CVE-2019-9515)',
  'PINGs whose answers are not read',
  async (t) => {
    const one = await openFrames(attacked.gate);
    one.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 20_000 }, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))),
    );
    await attacked.bounded(t, async () => {
      await one.send(opening(), pings);
      one.socket.resume();
      t.equal(await one.settled(), false, 'ended');
    });
  },
);

await facts.attack(KIND, 'the windows of all streams are opened and shut', async (t) => {
  const one = await openFrames(attacked.gate);
  await attacked.bounded(t, async () => {
    await one.send(opening([[SETTING.INITIAL_WINDOW_SIZE, 0]]), ...lists);
    for (const id of ids) await one.status(id);
    for (let i = 0; i < 500; i++) await one.send(settings([[SETTING.INITIAL_WINDOW_SIZE, i % 2]]));
    await one.settled();
  });
  one.end();
  await one.closed;
});

t.test('a caller who gives up on what waits for it is let go of at once', async (t) => {
  const one = await openFrames(attacked.gate);
  await one.send(opening([[SETTING.INITIAL_WINDOW_SIZE, 0]]), ...lists);
  for (const id of ids) await one.status(id);
  await one.send(...ids.map((id) => numbered(TYPE.RST_STREAM, id, CODE.CANCEL)));
  t.equal(await one.settled(), true);
  t.notOk(one.frames.some(isReset));
  one.end();
  await one.closed;
});

/** Gives up on all but the first stream, and opens the windows until its answer has ended. */
async function takeWhole(one: FrameConnection): Promise<void> {
  await one.send(
    ...ids.slice(1).map((id) => numbered(TYPE.RST_STREAM, id, CODE.CANCEL)),
    numbered(TYPE.WINDOW_UPDATE, 0, 2 ** 31 - 1 - FIRST_WINDOW),
    settings([[SETTING.INITIAL_WINDOW_SIZE, ANSWER_BYTES]]),
  );
  await one.frame(
    ({ type, flags, stream }) => type === TYPE.DATA && stream === 1 && (flags & FLAG.END_STREAM) !== 0,
  );
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
