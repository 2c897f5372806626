// One direction of a tunnel: counts what comes from one side and hands it to the other, as proxy/gather.ts has it.

import { NO_ROOM } from '../proxy/chunks.ts';
import { Gather, type Outlet } from '../proxy/gather.ts';
import type { Slabs } from '../proxy/slabs.ts';
import type { Session } from '../sessions.ts';
import { type Side, takesBytes } from './side.ts';

export interface FlowContext {
  /** Its counters are kept here. */
  readonly session: Session;
  readonly slabs: Slabs;
}

/** Sees the first `size` bytes before they go on. @returns how many of them do */
export type Watch = (size: number, bytes: Buffer) => number;

/** Moves what `from` sends into `to`. */
export class Flow implements Outlet {
  readonly room = NO_ROOM;
  /** `from` is not read from, because `to` does not take what came. */
  isHeld = false;
  /** How often `to` has taken something. */
  taken = 0;
  readonly #from: Side;
  readonly #to: Side;
  readonly #session: Session;
  readonly #gather: Gather;
  readonly #watch: Watch | undefined;

  constructor(from: Side, to: Side, { session, slabs }: FlowContext, watch?: Watch) {
    this.#from = from;
    this.#to = to;
    this.#session = session;
    this.#gather = new Gather(slabs, this);
    this.#watch = watch;
  }

  /** Takes `size` bytes, which the caller may overwrite afterwards. @returns false: nothing more for now; the flow resumes `from` itself. */
  take(size: number, bytes: Buffer): boolean {
    const { direction } = this.#from;
    this.#session.received[direction] += size;
    // Read and dropped: only a peer that is read from can be seen to end.
    if (!takesBytes(this.#to)) return true;
    const passing = this.#watch === undefined ? size : this.#watch(size, bytes);
    this.#session.delivered[direction] += passing;
    // Behind its last word nothing goes on, and as if nobody took bytes any more the rest is read and dropped.
    this.isHeld = passing > 0 && !this.#gather.take(passing, bytes);
    return !this.isHeld;
  }

  /** Writes what waits; counts it as lost when it can't be written. */
  flush(): void {
    this.#gather.flush();
  }

  /** `to` is closed. */
  dispose(): void {
    this.#gather.dispose();
  }

  isOpen(): boolean {
    return takesBytes(this.#to);
  }

  write(bytes: Buffer, end: number, done?: () => void): boolean {
    return this.#to.socket.write(end === bytes.length ? bytes : bytes.subarray(0, end), done);
  }

  drained(callback: () => void): void {
    this.#to.socket.once('drain', callback);
  }

  lost(size: number): void {
    this.#session.delivered[this.#from.direction] -= size;
  }

  resume(): void {
    this.isHeld = false;
    this.taken++;
    if (!this.#from.closed) this.#from.socket.resume();
  }
}
