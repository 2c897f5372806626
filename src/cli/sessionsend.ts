// `postern sessions end`: gives the order, waits until every replica that is there has answered, and says of each what became of it.

import { hostname, userInfo } from 'node:os';
import type { OperatorBoard } from '../roster/board.ts';
import { isMeant, type Wish } from '../roster/order.ts';
import { type Answer, type Entry, isFresh, type Page } from '../roster/page.ts';
import type { CommandIO, CommandWorld } from './io.ts';
import type { EndOptions } from './sessionsoptions.ts';
import { ageText, plain, targetText } from './sessionstext.ts';

/** The board is looked at again after so long. ms */
const LOOK_MS = 300;
/** An Audit-ID, whole. */
const WHOLE_ID_CHARS = 36;

interface Shown {
  readonly io: CommandIO;
  readonly world: CommandWorld;
}

/** What became of the order at one replica. */
interface Result {
  readonly page: Page;
  readonly outcome: 'answered' | 'left' | 'silent' | 'gone';
  readonly answer: Answer | undefined;
}

/** Ends. @returns the exit code */
export async function endSessions(
  board: OperatorBoard,
  options: EndOptions,
  { io, world }: Shown,
): Promise<number> {
  const before = await board.pages();
  if (before.length === 0) {
    io.stderr.write(
      `no replica tells anything in ${board.place}: is sessions.registry set in the gate's configuration, and is this the place?\n`,
    );
    return 1;
  }
  const ids = resolveIDs(options.ids, before);
  if (typeof ids === 'string') {
    io.stderr.write(`postern sessions: ${ids}\n`);
    return 1;
  }
  const by = (await board.whoAmI()) || `${userInfo().username} on ${hostname()}`;
  const wish = { ids, ...options.filter, reason: options.reason, by };
  const order = await board.give(wish);
  try {
    const results = await untilAnswered(board, before, { order, waitMs: options.waitMs, world });
    return report(results, { wish, before, json: options.json, place: board.place }, { io, world });
  } finally {
    await board.takeBack(order);
  }
}

/** Whole ids for what was given. @returns what is wrong instead */
function resolveIDs(given: readonly string[], pages: readonly Page[]): readonly string[] | string {
  const known = pages.flatMap(({ entries }) => entries.map(({ id }) => id));
  const resolved: string[] = [];
  for (const id of given) {
    const fitting = known.filter((one) => one.startsWith(id));
    // A page may be full, or not yet written: a whole id is asked for all the same.
    if (fitting.length === 0 && id.length !== WHOLE_ID_CHARS)
      return `no session has an id that begins with ${JSON.stringify(id)}; "postern sessions list" shows them`;
    if (fitting.length > 1)
      return `${fitting.length} sessions begin with ${JSON.stringify(id)}: ${fitting.join(', ')}`;
    resolved.push(fitting[0] ?? id);
  }
  return resolved;
}

async function untilAnswered(
  board: OperatorBoard,
  before: readonly Page[],
  { order, waitMs, world }: { readonly order: string; readonly waitMs: number; readonly world: CommandWorld },
): Promise<readonly Result[]> {
  const deadline = world.now() + waitMs;
  const wasFresh = (page: Page) => isFresh(page, world.now());
  const expected = new Map(before.map((page) => [page.replica, { page, isThere: wasFresh(page) }]));
  for (;;) {
    const pages = new Map((await board.pages()).map((page) => [page.replica, page]));
    for (const page of pages.values())
      if (!expected.has(page.replica)) expected.set(page.replica, { page, isThere: true });
    const results = [...expected.values()].map(({ page, isThere }) => {
      const latest = pages.get(page.replica);
      const answer = latest?.answers.find((one) => one.order === order);
      if (answer !== undefined) return { page, outcome: 'answered' as const, answer };
      if (latest === undefined) return { page, outcome: 'left' as const, answer };
      return { page, outcome: isThere ? ('silent' as const) : ('gone' as const), answer };
    });
    const isOver = results.every(({ outcome }) => outcome !== 'silent');
    if (isOver || world.now() >= deadline) return results;
    await world.pause(Math.min(LOOK_MS, Math.max(1, deadline - world.now())));
  }
}

interface Told {
  readonly wish: Wish;
  readonly before: readonly Page[];
  readonly json: boolean;
  readonly place: string;
}

function report(results: readonly Result[], told: Told, { io, world }: Shown): number {
  const { wish, before, json, place } = told;
  const entries = new Map(before.flatMap((page) => page.entries.map((entry) => [entry.id, entry])));
  const ended = results.flatMap(({ answer }) => answer?.ended ?? []);
  const count = results.reduce((sum, { answer }) => sum + (answer?.count ?? 0), 0);
  const missing = wish.ids.filter((id) => !ended.includes(id));
  const problems = results.flatMap((result) => problemOf(result, wish, { place, now: world.now() }));
  const isDone = problems.every(({ harmless }) => harmless) && missing.length === 0;
  if (json) {
    const replicas = results.map(({ page, outcome, answer }) => ({
      ...{ replica: page.replica, name: page.name, outcome },
      ...{ ended: answer?.ended ?? [], count: answer?.count ?? 0, problem: answer?.problem ?? '' },
    }));
    io.stdout.write(`${JSON.stringify({ done: isDone, ended: count, missing, replicas })}\n`);
  } else {
    for (const { page, answer } of results)
      for (const id of answer?.ended ?? []) io.stdout.write(`ended ${describe(id, entries.get(id), page)}\n`);
  }
  for (const { text } of problems) io.stderr.write(`${text}\n`);
  for (const id of missing) io.stderr.write(`${plain(id)} was not open at any replica that answered\n`);
  io.stderr.write(`${summary(results, wish, count)}\n`);
  return isDone ? 0 : 1;
}

function describe(id: string, entry: Entry | undefined, page: Page): string {
  const what = entry === undefined ? '' : ` (${plain(entry.user)} ${entry.kind} ${plain(targetText(entry))})`;
  return `${plain(id)}${what} at ${plain(page.name)}`;
}

function problemOf(
  { page, outcome, answer }: Result,
  wish: Wish,
  { place, now }: { readonly place: string; readonly now: number },
): readonly { readonly text: string; readonly harmless: boolean }[] {
  const name = `replica ${plain(page.name)} (${plain(page.replica)})`;
  const order = { ...wish, name: '', givenAt: 0 };
  const meant = page.entries.filter((entry) => isMeant(order, entry)).length;
  if (answer !== undefined && answer.problem !== '')
    return [{ text: `${name} did not do it: ${plain(answer.problem)}`, harmless: false }];
  if (outcome === 'silent')
    return [{ text: `${name} did not answer in time: its sessions may go on`, harmless: false }];
  if (outcome === 'left' && meant > 0)
    return [{ text: `${name} shut down meanwhile, and its sessions with it`, harmless: true }];
  if (outcome !== 'gone') return [];
  const heard = `${name} was last heard of ${ageText(now - page.renewedAt)} ago`;
  const what = meant === 0 ? '' : `; it had told of ${meant} that you mean`;
  return [{ text: `${heard}: it is gone, or cut off from ${place}${what}`, harmless: meant === 0 }];
}

function summary(results: readonly Result[], wish: Wish, count: number): string {
  const answered = results.filter(({ outcome }) => outcome === 'answered').length;
  const whose = wish.user === '' ? '' : ` of ${plain(wish.user)}`;
  return `ended ${count} ${count === 1 ? 'session' : 'sessions'}${whose}; ${answered} of ${results.length} replicas answered`;
}
