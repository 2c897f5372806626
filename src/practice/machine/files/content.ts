// The bytes of a file: blocks of which only the last grows. Bytes once written never change, so that readers get views and no copies.

const BLOCK_BYTES = 64 * 1024;
const FIRST_BYTES = 512;

/** What a file holds. */
export class Content {
  #blocks: Buffer[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a copy of `chunk` at the end. */
  append(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      const used = this.#size % BLOCK_BYTES;
      const block = this.#tail(used, rest.length);
      const taken = rest.copy(block, used);
      this.#size += taken;
      rest = rest.subarray(taken);
    }
  }

  /** The bytes from `offset` to the end of its block; undefined at the end of the file. */
  read(offset: number): Buffer | undefined {
    if (offset >= this.#size) return undefined;
    const start = offset % BLOCK_BYTES;
    const end = Math.min(BLOCK_BYTES, start + this.#size - offset);
    return this.#blocks[Math.floor(offset / BLOCK_BYTES)]?.subarray(start, end);
  }

  /** The whole as one buffer. */
  all(): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < this.#size; at += BLOCK_BYTES) parts.push(this.read(at) ?? Buffer.alloc(0));
    return Buffer.concat(parts);
  }

  clear(): void {
    this.#blocks = [];
    this.#size = 0;
  }

  /** The last block, with room after its `used` bytes. */
  #tail(used: number, wanted: number): Buffer {
    const last = this.#blocks.at(-1);
    if (last !== undefined && used > 0 && used < last.length) return last;
    let capacity = FIRST_BYTES;
    while (capacity < BLOCK_BYTES && (capacity < used + wanted || capacity <= used)) capacity *= 2;
    const block = Buffer.allocUnsafeSlow(capacity);
    if (used === 0) {
      this.#blocks.push(block);
    } else {
      last?.copy(block, 0, 0, used);
      this.#blocks[this.#blocks.length - 1] = block;
    }
    return block;
  }
}
