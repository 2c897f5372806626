// Every way in which the gate itself ends a session: an identity's end, limits, a reload that lets somebody in no more, an administrator. Each is
// done to a number of sessions at once; what they are called has to be exact.

import type { EndReason } from '../../src/sessions.ts';
import { runHere } from '../fakes/replicas.ts';
import { eventually } from '../fakes/sessions.ts';
import { type Ground, LEAVERS } from './ground.ts';
import { type Asked, closed, follow, open, type Pair } from './pairs.ts';
import { kindAndProtocol, noteEnd, type Tally } from './rounds.ts';

/** How long an identity has yet; who comes too late is refused, and comes again with a new one. s */
const LIFE_S = 4;
const TOO_LATE = 'HTTP/1.1 401 ';
const OPENING_AT_ONCE = 10;

/** A way to end. */
export interface GateWay {
  readonly name: string;
  readonly end: EndReason;
  /** Of whom the sessions are. */
  readonly claims?: () => Readonly<Record<string, unknown>>;
  /** Done before they are opened. */
  readonly before?: (ground: Ground) => Promise<void>;
  /** Ends them, unless time does. */
  readonly act?: (ground: Ground, count: number) => Promise<void>;
}

/** Every way. */
export const GATE_WAYS: readonly GateWay[] = [
  {
    name: 'the token that opened it ends',
    end: 'expired',
    claims: () => ({ exp: Math.floor(Date.now() / 1000) + LIFE_S }),
  },
  {
    name: 'sessions.maxDuration',
    end: 'expired',
    before: (ground) => ground.reconfigure({ maxDuration: '1s' }),
  },
  {
    name: 'sessions.idleTimeout',
    end: 'expired',
    before: (ground) => ground.reconfigure({ idleTimeout: '1s' }),
  },
  {
    name: 'a reload by which its caller is let in no more',
    end: 'killed',
    claims: () => ({ email: LEAVERS.revoked }),
    act: (ground) =>
      ground.reconfigure(
        {},
        {
          userValidationRules: [
            { expression: `user.username != '${LEAVERS.revoked}'`, message: 'is not let in any more' },
          ],
        },
      ),
  },
  {
    name: 'postern sessions end',
    end: 'killed',
    claims: () => ({ email: LEAVERS.killed }),
    act: endByOrder,
  },
];

/** Opens `count` sessions and has them end that way. */
export async function goGateWay(ground: Ground, way: GateWay, tally: Tally, count: number): Promise<void> {
  await way.before?.(ground);
  const noted = { tried: 0, done: 0 };
  tally.ways.set(way.name, tally.ways.get(way.name) ?? noted);
  const row = tally.ways.get(way.name) ?? noted;
  const pairs: Pair[] = [];
  const one = async (nth: number) => {
    row.tried++;
    const pair = await openAs(ground, way, tally, nth);
    follow(pair.caller);
    follow(pair.upstream);
    pairs.push(pair);
  };
  for (let nth = 0; nth < count; nth += OPENING_AT_ONCE) {
    const some = Math.min(OPENING_AT_ONCE, count - nth);
    await Promise.all(Array.from({ length: some }, (_, i) => one(nth + i)));
  }
  const over = Promise.all(
    pairs.map(async ({ caller, upstream }) => {
      await closed(caller, upstream);
      row.done++;
    }),
  );
  await way.act?.(ground, count);
  await over;
  if (way.before !== undefined || way.act !== undefined) await ground.reconfigure({});
}

async function openAs(ground: Ground, way: GateWay, tally: Tally, nth: number): Promise<Pair> {
  const { place } = ground;
  const token = await ground.token(way.claims?.());
  const asked: Asked = { ...kindAndProtocol(nth), number: place.nextNumber(), way: way.name, token };
  try {
    const pair = await open(place, asked);
    noteEnd(tally, asked, way.end);
    tally.reaching++;
    return pair;
  } catch (error) {
    if (!String(error).includes(TOO_LATE)) throw error;
    noteEnd(tally, asked, 'refused');
    return openAs(ground, way, tally, nth);
  }
}

async function endByOrder({ boardKubeconfig, setBoardClock }: Ground, count: number): Promise<void> {
  setBoardClock();
  const at = ['--kubeconfig', boardKubeconfig];
  await eventually(async () => {
    const { out } = await runHere(['list', '--user', LEAVERS.killed, '--output', 'json', ...at]);
    return out !== '' && (JSON.parse(out) as { sessions: unknown[] }).sessions.length === count;
  }, 30_000);
  const ended = await runHere(['end', '--user', LEAVERS.killed, ...at]);
  if (ended.code !== 0) throw new Error(`postern sessions end: ${ended.err}`);
}
