// The last word of a session that the gate ends: why, told on the stream on which the protocol tells how a command ended. It has to stand
// between two frames of what the API server sends, so those frames are counted as they pass; nothing is copied, changed or held back. Whoever
// loses count says nothing, and the session ends without a word. Kubernetes' protocols: protocol.md §1.5, §1.6, §2.

/** Follows one session. */
export interface LastWord {
  /**
   * Sees the first `size` bytes that go to the caller next.
   * @param stops to stop where a word can be said
   * @returns how many were seen: `size`, unless it stopped
   */
  follow(size: number, bytes: Buffer, stops: boolean): number;
  /** Sees the first `size` bytes that come from the caller. */
  listen(size: number, bytes: Buffer): void;
  /** Whether something may be said after what was seen. */
  isBetween(): boolean;
  /** Whether nothing can be said any more. */
  isOver(): boolean;
  /** The bytes that tell the Status and end the session; undefined when nobody would understand them. */
  say(status: string): Buffer | undefined;
}
