// First come, first served, and who goes away before is found at once. A list through its own items, because a Set or Map that something enters and
// leaves with each request costs dearly: V8 links each table that it has outgrown to the next one, with what was in it, so that one dead table in old
// space keeps all that follow alive until a full collection. Every request survived the young generation so, and a scavenge under load took
// 6.3 ms instead of 0.4 (docs/adr/0017-admission.md). Items that are taken out point to nothing.

/** What can stand in a queue, in one at a time. */
export interface Queued<T> {
  ahead: T | undefined;
  behind: T | undefined;
}

/** A queue. */
export class Queue<T extends Queued<T>> {
  first: T | undefined;
  #last: T | undefined;
  size = 0;

  add(item: T): void {
    item.ahead = this.#last;
    if (this.#last === undefined) this.first = item;
    else this.#last.behind = item;
    this.#last = item;
    this.size++;
  }

  /** In their order; what is taken out meanwhile ends it. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.first; item !== undefined; item = item.behind) yield item;
  }

  /** Takes out an item that stands in it. */
  remove(item: T): void {
    const { ahead, behind } = item;
    if (ahead === undefined) this.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.#last = ahead;
    else behind.ahead = ahead;
    item.ahead = undefined;
    item.behind = undefined;
    this.size--;
  }
}
