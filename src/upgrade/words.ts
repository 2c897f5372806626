// Which protocols have a last word (lastword.ts), and whose it is.

import { headerValue } from '../proxy/headers.ts';
import type { Session } from '../sessions.ts';
import type { LastWord } from './lastword.ts';
import { SocketWord } from './socketword.ts';
import { SpdyWord } from './spdyword.ts';

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
