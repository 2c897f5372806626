// One direction of a tunnel. What comes alone and small (a keystroke, an echo) is written at once; what comes in bulk is gathered in a slab
// and written when the slab is full or the turn of the event loop is over. A full slab also ends this direction's reading until the next
// turn, so that whoever else has something to say is heard in between. The numbers that chose this are in docs/adr/0002.

import type { Session } from '../sessions.ts';
import { type Side, takesBytes } from './side.ts';
import type { Slabs } from './slabs.ts';

/** So much is written at once when nothing waits; more is gathered first. Bytes. */
const AT_ONCE_BYTES = 4 * 1024;
/** Slabs that may wait for the receiver before the sender is stopped: one that is written and one that is being filled. */
const MAX_WRITING = 2;

export interface FlowContext {
  /** Its counters are kept here. */
  readonly session: Session;
  readonly slabs: Slabs;
}

/** Moves what `from` sends into `to`. */
export class Flow {
  readonly #from: Side;
  readonly #to: Side;
  readonly #session: Session;
  readonly #slabs: Slabs;
  #slab: Buffer | undefined;
  #filled = 0;
  /** Slabs given to the socket that it has not written yet. */
  #writing = 0;
  #endsTurn = false;
  /** No more is read in this turn. */
  #isSated = false;
  /** Small writes fill the socket's queue. */
  #awaitsDrain = false;

  constructor(from: Side, to: Side, { session, slabs }: FlowContext) {
    this.#from = from;
    this.#to = to;
    this.#session = session;
    this.#slabs = slabs;
  }

  /** Takes `size` bytes, which the caller may overwrite afterwards. @returns false: nothing more for now; the flow resumes `from` itself. */
  take(size: number, bytes: Buffer): boolean {
    const { direction } = this.#from;
    this.#session.received[direction] += size;
    // Read and dropped: only a peer that is read from can be seen to end.
    if (!takesBytes(this.#to)) return true;
    this.#session.delivered[direction] += size;
    if (size <= AT_ONCE_BYTES && this.#slab === undefined) {
      const own = Buffer.allocUnsafe(size);
      bytes.copy(own, 0, 0, size);
      this.#to.socket.write(own);
      if (this.#to.socket.writableNeedDrain) this.#awaitDrain();
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
    for (let taken = 0; taken < size; ) {
      this.#slab ??= this.#slabs.take();
      const end = Math.min(size, taken + this.#slab.length - this.#filled);
      bytes.copy(this.#slab, this.#filled, taken, end);
      this.#filled += end - taken;
      taken = end;
      if (this.#filled < this.#slab.length) return;
      this.flush();
      this.#isSated = true;
    }
  }

  /** Writes what was gathered; counts it as lost when it can't be written. */
  flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const size = this.#filled;
    this.#slab = undefined;
    this.#filled = 0;
    if (!takesBytes(this.#to)) {
      this.#session.delivered[this.#from.direction] -= size;
      this.#slabs.give(slab);
      return;
    }
    this.#writing++;
    this.#to.socket.write(size === slab.length ? slab : slab.subarray(0, size), () => {
      this.#slabs.give(slab);
      this.#writing--;
      this.#goOn();
    });
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
    this.#to.socket.once('drain', () => {
      this.#awaitsDrain = false;
      this.#goOn();
    });
  }

  #mayRead(): boolean {
    return !this.#isSated && !this.#awaitsDrain && this.#writing < MAX_WRITING;
  }

  #goOn(): void {
    if (this.#mayRead() && !this.#from.closed) this.#from.socket.resume();
  }
}

function endTurn(flow: Flow): void {
  flow.endTurn();
}
