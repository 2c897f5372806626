// Gathers what was read for one receiver. What comes alone and small (a keystroke, a watch's event) is written at once; what comes in bulk is
// gathered in a slab and written when the slab is full or the turn of the event loop is over. A full slab also ends the reading until the next
// turn, so that whoever else has something to say is heard in between. The numbers that chose this are in docs/adr/0002-tunnel.md.

import type { Room } from './chunks.ts';
import type { Slabs } from './slabs.ts';

/** So much is written at once when nothing waits; more is gathered first. Bytes. */
const AT_ONCE_BYTES = 4 * 1024;
/** Slabs that may wait for the receiver before the sender is stopped: one that is written and one that is being filled. */
const MAX_WRITING = 2;

/** The receiver, and the way back to the sender. */
export interface Outlet {
  /** Whether bytes may be written now. */
  isOpen(): boolean;
  /** What it needs around the bytes; looked at when the first of them come. */
  readonly room: Room;
  /**
   * Writes the bytes from `room.before` to `end`; the whole memory is the receiver's until it calls `done`.
   * @returns false: no more small pieces before `drained`
   */
  write(bytes: Buffer, end: number, done?: () => void): boolean;
  /** Calls back once what waits has been written. */
  drained(callback: () => void): void;
  /** Bytes that were taken and can't be written. */
  lost(size: number): void;
  /** The sender may be read from again. */
  resume(): void;
}

/** Between one sender and one receiver. */
export class Gather {
  readonly #slabs: Slabs;
  readonly #outlet: Outlet;
  #slab: Buffer | undefined;
  /** Up to where the slab is filled. */
  #filled = 0;
  /** Given to the receiver, and not written yet. */
  readonly #writing = new Set<Buffer>();
  #endsTurn = false;
  /** No more is read in this turn. */
  #isSated = false;
  /** Small writes fill the receiver's queue. */
  #awaitsDrain = false;

  constructor(slabs: Slabs, outlet: Outlet) {
    this.#slabs = slabs;
    this.#outlet = outlet;
  }

  /**
   * Takes the first `size` bytes, which the caller may overwrite afterwards; only while the outlet is open.
   * @returns false: to be read from again after the outlet's `resume`
   */
  take(size: number, bytes: Buffer): boolean {
    if (size === 0) return this.#mayRead();
    if (size <= AT_ONCE_BYTES && this.#slab === undefined) {
      const { before, after } = this.#outlet.room;
      const end = before + size;
      const own = Buffer.allocUnsafe(end + after);
      bytes.copy(own, before, 0, size);
      if (!this.#outlet.write(own, end)) this.#awaitDrain();
      return this.#mayRead();
    }
    this.#gather(size, bytes);
    if (!this.#endsTurn) {
      this.#endsTurn = true;
      setImmediate(endTurn, this);
    }
    return this.#mayRead();
  }

  #gather(size: number, bytes: Buffer): void {
    const { before, after } = this.#outlet.room;
    for (let taken = 0; taken < size; ) {
      if (this.#slab === undefined) {
        this.#slab = this.#slabs.take();
        this.#filled = before;
      }
      const end = Math.min(size, taken + this.#slab.length - after - this.#filled);
      bytes.copy(this.#slab, this.#filled, taken, end);
      this.#filled += end - taken;
      taken = end;
      if (this.#filled < this.#slab.length - after) return;
      this.flush();
      this.#isSated = true;
    }
  }

  /** Writes what was gathered; it is lost when the outlet has closed. */
  flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const end = this.#filled;
    this.#slab = undefined;
    if (!this.#outlet.isOpen()) {
      this.#outlet.lost(end - this.#outlet.room.before);
      this.#slabs.give(slab);
      return;
    }
    this.#writing.add(slab);
    this.#outlet.write(slab, end, () => {
      if (!this.#writing.delete(slab)) return;
      this.#slabs.give(slab);
      this.#goOn();
    });
  }

  /** The receiver is gone: what it has not given back by now it need not. */
  dispose(): void {
    this.flush();
    for (const slab of this.#writing) this.#slabs.forget(slab);
    this.#writing.clear();
  }

  /** The turn of the event loop in which something was gathered is over. */
  endTurn(): void {
    this.#endsTurn = false;
    this.#isSated = false;
    this.flush();
    this.#goOn();
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#outlet.drained(() => {
      this.#awaitsDrain = false;
      this.#goOn();
    });
  }

  #mayRead(): boolean {
    return !this.#isSated && !this.#awaitsDrain && this.#writing.size < MAX_WRITING;
  }

  #goOn(): void {
    if (this.#mayRead()) this.#outlet.resume();
  }
}

function endTurn(gather: Gather): void {
  gather.endTurn();
}
