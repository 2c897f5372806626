import t from 'tap';
import {
  BEHIND_MS,
  createLogSink,
  MAX_WAITING_CHARS,
  PIPE_CHARS,
  RETRY_MS,
  STALL_MS,
  type Trouble,
  WRITE_EVERY_MS,
} from '../../src/logsink.ts';

// The queue before the log: what it does with a place that is full, slow or gone (docs/adr/0018-log.md).

/** A place for bytes that takes what it is told to, and time that the test moves. */
function makePlace(options: { chunkChars?: number } = {}) {
  let nowMs = 0;
  let timers: { at: number; act: () => void }[] = [];
  let answer: (bytes: Buffer) => number | string = (bytes) => bytes.length;
  const writes: string[] = [];
  const troubles: Trouble[] = [];
  let drops = 0;
  const sink = createLogSink({
    ...options,
    onDrop: () => {
      drops++;
    },
    onAgain: (trouble) => {
      troubles.push(trouble);
      sink.write(`lost ${trouble.lost}\n`);
    },
    writeTo: (bytes, done) => {
      const took = answer(bytes);
      if (typeof took === 'number') writes.push(bytes.subarray(0, took).toString('latin1'));
      // As fs.write: not before it returns.
      queueMicrotask(() => {
        if (typeof took === 'number') done(null, took);
        else done(Object.assign(new Error(took), { code: took }), 0);
      });
    },
    elapsed: () => nowMs,
    setTimer: (act, delayMs) => {
      const timer = { at: nowMs + delayMs, act };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  });
  return {
    sink,
    writes,
    troubles,
    drops: () => drops,
    text: () => writes.join(''),
    answers(next: (bytes: Buffer) => number | string) {
      answer = next;
    },
    /** Lets time go by, and all that is due happen. */
    async pass(ms: number) {
      const until = nowMs + ms;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const [due] = timers.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
        if (due === undefined) break;
        timers = timers.filter((one) => one !== due);
        nowMs = Math.max(nowMs, due.at);
        due.act();
      }
      nowMs = until;
    },
  };
}

const line = (text: string | number, chars = 100) => `${String(text).padEnd(chars - 1, '.')}\n`;
/** Fills the queue, which is being written to a place that takes nothing. */
function fill({ sink, drops }: ReturnType<typeof makePlace>, chars = 16 * 1024): number {
  let count = 0;
  while (drops() === 0) sink.write(line(`filling ${count++}`, chars));
  return count;
}

t.test('lines wait for one another, and are written together', async (t) => {
  const place = makePlace();
  place.sink.write('a\n');
  place.sink.write('b\n');
  await place.pass(WRITE_EVERY_MS - 1);
  t.same(place.writes, []);
  await place.pass(1);
  t.same(place.writes, ['a\nb\n']);
  t.same(place.troubles, []);
});

t.test(
  'a place that takes a part gets the rest, in order, in the middle of a character as well',
  async (t) => {
    const place = makePlace();
    place.answers((bytes) => Math.min(7, bytes.length));
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i} äö\n`);
    for (const one of lines) place.sink.write(one);
    await place.pass(WRITE_EVERY_MS);
    t.ok(place.writes.length > lines.length);
    t.equal(place.text(), Buffer.from(lines.join('')).toString('latin1'));
  },
);

t.test('no write is longer than a pipe takes as one piece, where several write to it', async (t) => {
  const place = makePlace({ chunkChars: PIPE_CHARS });
  for (let i = 0; i < 200; i++) place.sink.write(line(i, 300));
  await place.pass(2 * WRITE_EVERY_MS);
  t.ok(place.writes.length > 10);
  for (const text of place.writes) {
    t.ok(text.length <= PIPE_CHARS);
    t.ok(text.endsWith('\n'), 'whole lines');
  }
  t.equal(place.text(), Array.from({ length: 200 }, (_, i) => line(i, 300)).join(''));
});

for (const code of ['ENOSPC', 'EROFS', 'EIO', 'EPIPE', 'EBADF'])
  t.test(`${code}: it is tried again, nothing that fits is lost, and the log says so`, async (t) => {
    const place = makePlace();
    place.answers(() => code);
    place.sink.write('first\n');
    await place.pass(WRITE_EVERY_MS);
    t.equal(place.sink.isWritable(), false, 'at once');
    place.sink.write('second\n');
    await place.pass(10 * RETRY_MS);
    t.same(place.writes, []);
    place.answers((bytes) => bytes.length);
    await place.pass(RETRY_MS + WRITE_EVERY_MS);
    t.equal(place.text(), 'first\nsecond\nlost 0\n');
    t.equal(place.sink.isWritable(), true);
    t.equal(place.troubles.length, 1);
    t.match(place.troubles[0]?.cause, { code });
    t.ok((place.troubles[0]?.lastedMs ?? 0) >= 10 * RETRY_MS);
    t.equal(place.drops(), 0);
  });

t.test(
  'beyond the bound the newest lines are dropped, and the log says how many where they are missing',
  async (t) => {
    const place = makePlace();
    place.answers(() => 'ENOSPC');
    const count = fill(place);
    for (let i = 0; i < 9; i++) place.sink.write('not taken\n');
    t.equal(place.drops(), 10, 'each is counted');
    t.ok((count - 1) * 16 * 1024 <= MAX_WAITING_CHARS + 16 * 1024);
    place.answers((bytes) => bytes.length);
    await place.pass(RETRY_MS);
    place.sink.write('taken\n');
    await place.pass(WRITE_EVERY_MS);
    const lines = place.text().trim().split('\n');
    t.match(lines.at(-2), /^lost 10$/);
    t.equal(lines.at(-1), 'taken');
    t.match(lines.at(-3), new RegExp(`^filling ${count - 2}\\.`), 'the last one that was taken');
    t.equal(lines.length, count - 1 + 2, 'all that were taken are there');
    t.equal(place.troubles.length, 1, 'once, not with each line that had room');
  },
);

t.test('a reader that takes nothing is a fault after a while; one that is slow is none', async (t) => {
  const place = makePlace();
  place.answers(() => 'EAGAIN');
  place.sink.write('a\n');
  await place.pass(STALL_MS / 2);
  t.equal(place.sink.isWritable(), true, 'behind');
  await place.pass(STALL_MS);
  t.equal(place.sink.isWritable(), false, 'stalled');
  place.answers((bytes) => bytes.length);
  await place.pass(BEHIND_MS + WRITE_EVERY_MS);
  t.equal(place.sink.isWritable(), true);
  t.equal(place.text(), 'a\nlost 0\n');
  place.answers(() => 'EAGAIN');
  place.sink.write('b\n');
  await place.pass(STALL_MS / 2);
  place.answers((bytes) => bytes.length);
  await place.pass(BEHIND_MS);
  t.equal(place.text(), 'a\nlost 0\nb\n', 'nothing to say of it');
});

t.test('a write that does not come back is seen, too', async (t) => {
  let elapsed = 0;
  const sink = createLogSink({
    onDrop: () => {},
    onAgain: () => {},
    writeTo: () => {},
    elapsed: () => elapsed,
    setTimer: (act) => {
      act();
      return () => {};
    },
  });
  sink.write('a\n');
  t.equal(sink.isWritable(), true);
  elapsed = STALL_MS;
  t.equal(sink.isWritable(), false);
});

t.test(
  'at the end of the process what waits is written at once; what can not be does not hold it',
  async (t) => {
    const waiting = makePlace();
    waiting.sink.write('a\n');
    waiting.sink.write('b\n');
    const last: string[] = [];
    waiting.sink.flushLast((bytes) => {
      last.push(bytes.subarray(0, 3).toString());
      return Math.min(3, bytes.length);
    });
    t.equal(last.join(''), 'a\nb\n');

    const full = makePlace();
    full.sink.write('a\n');
    let tries = 0;
    full.sink.flushLast(() => {
      tries++;
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
    t.equal(tries, 1);
  },
);
