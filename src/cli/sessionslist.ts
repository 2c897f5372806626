// `postern sessions list`: the pages of all replicas as one table, and what is to be known about pages that are old or not whole.

import type { OperatorBoard } from '../roster/board.ts';
import { type Entry, isFresh, type Page } from '../roster/page.ts';
import type { CommandIO, CommandWorld } from './io.ts';
import type { Filter, ListOptions } from './sessionsoptions.ts';
import { ageText, bytesText, columns, plain, shortIDs, targetText } from './sessionstext.ts';

/** An entry with its replica. */
interface Listed {
  readonly entry: Entry;
  readonly page: Page;
}

/** Lists. @returns the exit code */
export async function listSessions(
  board: OperatorBoard,
  { filter, output, all }: ListOptions,
  { io, world }: { readonly io: CommandIO; readonly world: CommandWorld },
): Promise<number> {
  const now = world.now();
  const pages = [...(await board.pages())].sort((one, other) => one.name.localeCompare(other.name));
  const fresh = pages.filter((page) => isFresh(page, now));
  const found = fresh
    .flatMap((page) => page.entries.map((entry) => ({ entry, page })))
    .filter(({ entry }) => passes(entry, filter))
    .sort((one, other) => one.entry.since - other.entry.since);
  if (output === 'json') {
    io.stdout.write(`${JSON.stringify(document(pages, found, now))}\n`);
    return 0;
  }
  const showsWatches = all || filter.kind === 'watch';
  const shown = found.filter(({ entry }) => showsWatches || entry.kind !== 'watch');
  if (shown.length > 0) io.stdout.write(`${table(shown, output === 'wide', now).join('\n')}\n`);
  for (const line of remarks(board.place, pages, now)) io.stderr.write(`${line}\n`);
  if (shown.length === 0 && fresh.length > 0) io.stderr.write('no sessions\n');
  const hidden = found.length - shown.length;
  if (hidden > 0)
    io.stderr.write(`${hidden} ${hidden === 1 ? 'watch' : 'watches'} not shown; --all shows them\n`);
  return 0;
}

/** Whether the filter lets it pass. */
export function passes(entry: Entry, { user, cluster, kind }: Filter): boolean {
  return (
    (user === '' || user === entry.user) &&
    (cluster === '' || cluster === entry.cluster) &&
    (kind === undefined || kind === entry.kind)
  );
}

function table(listed: readonly Listed[], wide: boolean, now: number): readonly string[] {
  const ids = shortIDs(listed.map(({ entry }) => entry.id));
  const head = ['ID', 'USER', 'CLUSTER', 'KIND', 'TARGET', 'AGE'];
  const more = ['EXPIRES', 'PROTOCOL', 'FROM', 'UP', 'DOWN', 'REPLICA'];
  const rows = listed.map(({ entry, page }) => [
    wide ? entry.id : (ids.get(entry.id) ?? entry.id),
    ...[entry.user, entry.cluster, entry.kind, targetText(entry)],
    ageText(now - entry.since),
    ...(wide
      ? [
          entry.expires === 0 ? 'never' : ageText(entry.expires - now),
          ...[entry.protocol, entry.address, bytesText(entry.bytesUp), bytesText(entry.bytesDown)],
          page.name,
        ]
      : []),
  ]);
  return columns([wide ? [...head, ...more] : head, ...rows]);
}

function remarks(place: string, pages: readonly Page[], now: number): readonly string[] {
  if (pages.length === 0)
    return [
      `no replica tells anything in ${place}: is sessions.registry set in the gate's configuration, and is this the place?`,
    ];
  return pages.flatMap((page) => {
    const name = `replica ${plain(page.name)} (${plain(page.replica)})`;
    if (!isFresh(page, now))
      return [
        `${name} was last heard of ${ageText(now - page.renewedAt)} ago: it is gone, or cut off from ${place}; its ${page.open} sessions are not shown`,
      ];
    const missing = page.open - page.entries.length;
    return missing > 0 ? [`${name} has ${missing} more than fit into its page`] : [];
  });
}

function document(pages: readonly Page[], listed: readonly Listed[], now: number): unknown {
  return {
    replicas: pages.map((page) => ({
      ...{ replica: page.replica, name: page.name, version: page.version, state: page.state },
      ...{ startedAt: page.startedAt, renewedAt: page.renewedAt, fresh: isFresh(page, now) },
      ...{ open: page.open, listed: page.entries.length },
    })),
    sessions: listed.map(({ entry, page }) => ({ ...entry, replica: page.replica })),
  };
}
