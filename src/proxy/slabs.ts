// The memory that bulk bytes of all tunnels and answers pass through: buffers of one size that are used again, so that a stream makes no garbage,
// and a bound on how many there are.

/** A TLS record carries so much at most, and Node hands over one record at a time (RFC 8446, 5.1). Bytes. */
export const RECORD_BYTES = 16 * 1024;
/**
 * Ten records: Node's TLS gives the kernel at most ten buffers in one writev, one a record. With 128 and 256 KiB a second, small writev
 * follows each large one, and 8 streams cost 1.20 CPU seconds a GB instead of 1.04 (stream-down-8).
 */
const SLAB_BYTES = 10 * RECORD_BYTES;
/** What a session gets when the budget is spent, by many that nobody reads from. Bytes. */
const SMALL_SLAB_BYTES = 2 * RECORD_BYTES;
/** What all slabs in use may take together before new ones are small. Bytes. */
const BUDGET_BYTES = 64 * 1024 * 1024;
/** What is kept for the next stream when nobody uses it. Bytes. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Slabs of one process. */
export class Slabs {
  /** Where reads land first; whoever is given it takes the bytes out before returning. One record. */
  readonly landing: Buffer = Buffer.allocUnsafeSlow(RECORD_BYTES);
  readonly #free: Buffer[] = [];
  #inUse = 0;

  /** Large ones that were taken and have not come back. */
  get inUse(): number {
    return this.#inUse;
  }

  /** A buffer to fill and write; it is the taker's until `give`. */
  take(): Buffer {
    if (this.#inUse >= BUDGET_BYTES / SLAB_BYTES) return Buffer.allocUnsafeSlow(SMALL_SLAB_BYTES);
    this.#inUse++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
  }

  /** A buffer that may still be read by somebody who will not say when he is done: it counts no more, and is not used again. */
  forget(slab: Buffer): void {
    if (slab.length === SLAB_BYTES) this.#inUse--;
  }

  /** Takes a buffer back, once nothing reads it any more. */
  give(slab: Buffer): void {
    if (slab.length !== SLAB_BYTES) return;
    this.#inUse--;
    if (this.#free.length < KEPT_BYTES / SLAB_BYTES) this.#free.push(slab);
  }
}
