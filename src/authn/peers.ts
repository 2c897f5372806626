// Which headers count from which peer. A bearer token counts from everybody; an assertion header only from the proxies of the operator, which
// are listen.trustedProxies or, for an entry that has one, a list of its own. From anybody else such a header is as if it were not there.

import type { JwtConfig } from '../config/config.ts';
import { compileTrusted, type IsTrusted } from '../trusted.ts';

/** What counts from one peer. */
export interface PeerView {
  /** Source headers, lower case, that are looked at. */
  readonly headers: readonly string[];
  /** Whether any of them is an assertion header. */
  readonly readsAssertions: boolean;
  /** Tells views apart: a verdict on a token from one peer says nothing about another. */
  readonly key: string;
  /** Whether the entry's header counts. */
  readonly admits: (entry: JwtConfig) => boolean;
}

/** The connection's other end. */
export interface Peer {
  /** Whether its address is in listen.trustedProxies. */
  readonly peerTrusted: boolean;
  /** Of the socket; '' matches no list. */
  readonly peerAddress: string;
}

/** Finds the view of a peer; makes each once. `always` are headers that count from everybody, whatever the entries say. */
export function createPeerViews(
  entries: readonly JwtConfig[],
  always: readonly string[] = [],
): (peer: Peer) => PeerView {
  const lists = new Map<string, IsTrusted>();
  for (const { trustedProxies } of entries)
    if (trustedProxies !== undefined)
      lists.set(JSON.stringify(trustedProxies), compileTrusted(trustedProxies));
  const closed = makeView(entries, always, { peerTrusted: false, fitting: new Set() });
  const open = makeView(entries, always, { peerTrusted: true, fitting: new Set() });
  if (lists.size === 0) return ({ peerTrusted }) => (peerTrusted ? open : closed);
  const made = new Map<string, PeerView>();
  return ({ peerTrusted, peerAddress }) => {
    const fitting = new Set<string>();
    for (const [list, isTrusted] of lists) if (isTrusted(peerAddress)) fitting.add(list);
    if (fitting.size === 0) return peerTrusted ? open : closed;
    const view = makeView(entries, always, { peerTrusted, fitting });
    const known = made.get(view.key) ?? view;
    made.set(view.key, known);
    return known;
  };
}

interface Trust {
  readonly peerTrusted: boolean;
  /** The lists that the peer is in. */
  readonly fitting: ReadonlySet<string>;
}

function makeView(
  entries: readonly JwtConfig[],
  always: readonly string[],
  { peerTrusted, fitting }: Trust,
): PeerView {
  const admits = ({ sourceHeader, trustedProxies }: JwtConfig): boolean => {
    if (sourceHeader === 'authorization') return true;
    return trustedProxies === undefined ? peerTrusted : fitting.has(JSON.stringify(trustedProxies));
  };
  const admitted = entries.filter(admits);
  const headers = [...new Set([...admitted.map(({ sourceHeader }) => sourceHeader), ...always])];
  return {
    headers,
    readsAssertions: headers.some((header) => header !== 'authorization'),
    key: entries.map((entry) => (admits(entry) ? '1' : '0')).join(''),
    admits,
  };
}
