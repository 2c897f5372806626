// The last word of a session that the gate ends: why, told on the stream on which the protocol tells how a command ended. It has to stand
// between two frames of what the API server sends, so those frames are counted as they pass; nothing is copied, changed or held back. Whoever
// loses count says nothing, and the session ends without a word. Kubernetes' protocols: protocol.md §1.5, §1.6, §2.

import { headerValue } from '../proxy/headers.ts';
import type { Session } from '../sessions.ts';
import { SocketWord } from './socketword.ts';
import { SpdyWord } from './spdyword.ts';

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

/** The last word that the protocol has which was agreed on in the 101's header lines; undefined when it has none. */
export function lastWordOf(
  { kind, protocol }: Pick<Session, 'kind' | 'protocol'>,
  lines: readonly string[],
): LastWord | undefined {
  if (kind !== 'exec' && kind !== 'attach') return undefined;
  if (protocol === 'spdy') {
    const version = headerValue(lines, 'x-stream-protocol-version');
    return version === 'v4.channel.k8s.io' || version === 'v5.channel.k8s.io' ? new SpdyWord() : undefined;
  }
  switch (headerValue(lines, 'sec-websocket-protocol')) {
    case 'v4.channel.k8s.io':
    case 'v5.channel.k8s.io':
      return new SocketWord(false);
    case 'v4.base64.channel.k8s.io':
      return new SocketWord(true);
    default:
      return undefined;
  }
}
