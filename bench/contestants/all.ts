// Who takes part, in the order of the tables, and who of them can here.

import type { Contestant } from './contestant.ts';
import { direct } from './direct.ts';
import { gogate } from './gogate.ts';
import { haproxy, haproxyAes128 } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { postern } from './postern.ts';

/** Every contestant; Postern is the first. */
export const CONTESTANTS: readonly Contestant[] = [postern, haproxy, haproxyAes128, nginx, gogate, direct];

/** One that takes part, with its version. */
export interface Participant {
  readonly contestant: Contestant;
  readonly version: string;
}

/** Postern and those named; undefined: all but the optional ones; "none" names nobody. @throws Error for a name that nobody has. */
export function chooseContestants(against: readonly string[] | undefined): readonly Contestant[] {
  if (against === undefined) return CONTESTANTS.filter(({ optional }) => !optional);
  for (const name of against) {
    if (name !== 'none' && !CONTESTANTS.some((one) => one.name === name))
      throw new Error(
        `no contestant ${JSON.stringify(name)}; there are ${CONTESTANTS.map((one) => one.name).join(', ')}`,
      );
  }
  return CONTESTANTS.filter((one) => one === postern || against.includes(one.name));
}

/** Those that can run here, and a line about each that cannot. */
export async function findParticipants(
  contestants: readonly Contestant[],
): Promise<{ readonly participants: readonly Participant[]; readonly missing: readonly string[] }> {
  const participants: Participant[] = [];
  const missing: string[] = [];
  for (const contestant of contestants) {
    const found = await contestant.find();
    if (found.ok) participants.push({ contestant, version: found.version });
    else missing.push(`${contestant.name} is left out: ${found.how}`);
  }
  return { participants, missing };
}
