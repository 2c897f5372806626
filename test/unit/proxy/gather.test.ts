// What is written at once, what is gathered, when the sender is stopped and when it goes on: by a receiver that does as it is told.

import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { CHUNK_ROOM, NO_ROOM, type Room } from '../../../src/proxy/chunks.ts';
import { Gather, type Outlet } from '../../../src/proxy/gather.ts';
import { Slabs } from '../../../src/proxy/slabs.ts';

const KIB = 1024;
const SLAB = 160 * KIB;

class Receiver implements Outlet {
  /** Sizes of what was written, and their bytes at that time. */
  readonly written: Buffer[] = [];
  readonly dones: (() => void)[] = [];
  readonly drains: (() => void)[] = [];
  /** What was left behind each piece that was written. */
  readonly roomBehind: number[] = [];
  readonly room: Room;
  open = true;
  full = false;
  resumed = 0;
  lostBytes = 0;

  constructor(room: Room) {
    this.room = room;
  }

  isOpen(): boolean {
    return this.open;
  }
  write(bytes: Buffer, end: number, done?: () => void): boolean {
    this.written.push(Buffer.from(bytes.subarray(this.room.before, end)));
    this.roomBehind.push(bytes.length - end);
    if (done !== undefined) this.dones.push(done);
    return !this.full;
  }
  drained(callback: () => void): void {
    this.drains.push(callback);
  }
  lost(size: number): void {
    this.lostBytes += size;
  }
  resume(): void {
    this.resumed++;
  }
  get sizes(): readonly number[] {
    return this.written.map(({ length }) => length);
  }
}

function scene(room: Room = NO_ROOM) {
  const slabs = new Slabs();
  const receiver = new Receiver(room);
  return { slabs, receiver, gather: new Gather(slabs, receiver) };
}

const bytes = (size: number, fill = 'x') => Buffer.alloc(size, fill);

t.test('a small piece is written at once, as a copy', async (t) => {
  const { receiver, gather } = scene();
  const landing = bytes(16 * KIB, 'a');
  t.ok(gather.take(3, landing));
  landing.fill('b');
  t.same(receiver.written.map(String), ['aaa']);
});

t.test('larger ones wait for the end of the turn and go together', async (t) => {
  const { receiver, gather, slabs } = scene();
  const landing = bytes(16 * KIB, 'a');
  t.ok(gather.take(5 * KIB, landing));
  landing.fill('b');
  t.ok(gather.take(10, landing), 'a small one behind them waits, too');
  t.same(receiver.sizes, []);
  await nextTurn();
  t.same(receiver.sizes, [5 * KIB + 10]);
  t.equal(receiver.written[0]?.toString('latin1', 5 * KIB - 1, 5 * KIB + 1), 'ab', 'in order');
  t.equal(slabs.inUse, 1);
  receiver.dones[0]?.();
  t.equal(slabs.inUse, 0, 'given back once it is written');
});

t.test('a full slab is written at once and ends the reading of this turn', async (t) => {
  const { receiver, gather } = scene();
  const record = bytes(16 * KIB);
  for (let i = 0; i < 9; i++) t.ok(gather.take(record.length, record));
  t.notOk(gather.take(record.length, record), 'the tenth fills it');
  t.same(receiver.sizes, [SLAB]);
  t.equal(receiver.resumed, 0);
  await nextTurn();
  t.equal(receiver.resumed, 1, 'the next turn reads on');
});

t.test('what comes although the reading has ended is kept', async (t) => {
  const { receiver, gather } = scene();
  const record = bytes(16 * KIB);
  for (let i = 0; i < 14; i++) gather.take(record.length, record);
  await nextTurn();
  t.same(receiver.sizes, [SLAB, 4 * 16 * KIB]);
});

t.test('with two slabs unwritten the sender is stopped until one is', async (t) => {
  const { receiver, gather } = scene();
  const piece = bytes(10 * KIB);
  t.ok(gather.take(piece.length, piece));
  await nextTurn();
  t.ok(gather.take(piece.length, piece));
  const before = receiver.resumed;
  await nextTurn();
  t.equal(receiver.resumed, before, 'no word to go on');
  t.notOk(gather.take(piece.length, piece), 'and what comes still says stop');
  receiver.dones[0]?.();
  t.equal(receiver.resumed, before + 1);
});

t.test('a queue full of small pieces stops the sender until it has drained', async (t) => {
  const { receiver, gather } = scene();
  receiver.full = true;
  t.notOk(gather.take(1, bytes(1)));
  t.notOk(gather.take(1, bytes(1)));
  t.equal(receiver.drains.length, 1, 'asked once');
  receiver.full = false;
  receiver.drains[0]?.();
  t.equal(receiver.resumed, 1);
  t.ok(gather.take(1, bytes(1)));
});

t.test('what was gathered for a receiver that has closed is lost, and said to be', async (t) => {
  const { receiver, gather, slabs } = scene();
  gather.take(5 * KIB, bytes(5 * KIB));
  receiver.open = false;
  await nextTurn();
  t.same(receiver.sizes, []);
  t.equal(receiver.lostBytes, 5 * KIB);
  t.equal(slabs.inUse, 0);
});

t.test(
  'a receiver that never says it is done keeps no slab from others, and its memory is not used again',
  async (t) => {
    const { receiver, gather, slabs } = scene();
    gather.take(5 * KIB, bytes(5 * KIB));
    await nextTurn();
    t.equal(slabs.inUse, 1);
    receiver.open = false;
    gather.dispose();
    t.equal(slabs.inUse, 0);
    receiver.dones[0]?.();
    t.equal(slabs.inUse, 0, 'a late word changes nothing');
    t.equal(receiver.resumed, 1, 'nor does it wake the sender again');
  },
);

t.test('every piece, small or bulk, has the room around it that the receiver asks for', async (t) => {
  const { receiver, gather } = scene(CHUNK_ROOM);
  const { before, after } = CHUNK_ROOM;
  const record = bytes(16 * KIB, 'r');
  gather.take(3, record);
  for (let i = 0; i < 10; i++) gather.take(record.length, record);
  await nextTurn();
  t.same(
    receiver.sizes,
    [3, SLAB - before - after, before + after],
    'ten records and their room do not fit a slab',
  );
  t.ok(
    receiver.written.every((piece) => piece.every((byte) => byte === 0x72)),
    'nothing but what was taken',
  );
  t.ok(receiver.roomBehind.every((left) => left >= after));
});

t.test('nothing is no piece', async (t) => {
  const { receiver, gather } = scene(CHUNK_ROOM);
  t.ok(gather.take(0, bytes(10)));
  await nextTurn();
  t.same(receiver.sizes, []);
});

t.test('what a closed receiver loses is counted without the room', async (t) => {
  const { receiver, gather } = scene(CHUNK_ROOM);
  gather.take(8 * KIB, bytes(8 * KIB));
  receiver.open = false;
  await nextTurn();
  t.equal(receiver.lostBytes, 8 * KIB);
});
