// An order to end sessions, as it stands on the board for all replicas: whose or which, and what they are told. It is plain text by key, so
// that it can be written with kubectl or redis-cli as well.

import { type Entry, KINDS, type Kind } from './page.ts';

/** An order. */
export interface Order {
  /** Its name on the board. */
  readonly name: string;
  /** When it was given, by the board's clock; ms since the epoch. */
  readonly givenAt: number;
  /** Ids of sessions; empty when it is by user. */
  readonly ids: readonly string[];
  /** Whose; '' when it is by id. */
  readonly user: string;
  /** '' means of every cluster. */
  readonly cluster: string;
  /** undefined means of every kind. */
  readonly kind: Kind | undefined;
  /** What the callers are told; '' for nothing. */
  readonly reason: string;
  /** Who says to have given it, for the log; nobody has verified it. */
  readonly by: string;
}

/** What somebody asks for; the board adds the rest. */
export type Wish = Omit<Order, 'name' | 'givenAt'>;

/** An order counts for so long: a replica that was away for longer finds the sessions ended, or others under the same name. ms */
export const ORDER_LIFE_MS = 2 * 60_000;
/** Longest reason, in characters. */
export const MAX_REASON_CHARS = 512;

/** The order as text by key. Empty ones are left out. */
export function writeWish(wish: Wish): Readonly<Record<string, string>> {
  const all = {
    ids: wish.ids.join(' '),
    user: wish.user,
    cluster: wish.cluster,
    kind: wish.kind ?? '',
    reason: wish.reason,
    by: wish.by,
  };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ''));
}

/** Reads one. @returns what is wrong with it instead, when something is: then nobody is ended */
export function readOrder(
  name: string,
  givenAt: number,
  fields: Readonly<Record<string, string>>,
): Order | string {
  const { ids = '', user = '', cluster = '', kind = '', reason = '', by = '' } = fields;
  const unknown = Object.keys(fields).filter((key) => !KEYS.has(key));
  if (unknown.length > 0) return `unknown key ${unknown.join(', ')}`;
  const listed = ids.split(/\s+/).filter((id) => id !== '');
  if ((listed.length === 0) === (user === '')) return 'it needs either ids or user';
  const known = KINDS.find((one) => one === kind);
  if (kind !== '' && known === undefined) return `kind is none of ${KINDS.join(', ')}`;
  return {
    name,
    givenAt,
    ids: listed,
    user,
    cluster,
    kind: known,
    reason: reason.slice(0, MAX_REASON_CHARS),
    by: by.slice(0, MAX_REASON_CHARS),
  };
}

/** Whether it is about this one. */
export function isMeant(
  { ids, user, cluster, kind }: Order,
  entry: Pick<Entry, 'id' | 'user' | 'cluster' | 'kind'>,
): boolean {
  if (cluster !== '' && cluster !== entry.cluster) return false;
  if (kind !== undefined && kind !== entry.kind) return false;
  return user !== '' ? user === entry.user : ids.includes(entry.id);
}

const KEYS: ReadonlySet<string> = new Set(['ids', 'user', 'cluster', 'kind', 'reason', 'by']);
