// Finds out what each contestant negotiates on both of its sides with the bench's own caller and upstream: it is started once with a relay
// that listens on either side, and a few sessions are opened through it.

import type { Contestant } from './contestants/contestant.ts';
import type { LaidGround } from './ground.ts';
import { startTap, type Tap } from './handshake.ts';
import { startLoad } from './load.ts';
import type { Negotiated } from './results.ts';

const SESSIONS = 5;
const LIMIT_MS = 30_000;

/** Asks one contestant. @throws Error when it does not work at all. */
export async function findNegotiated(ground: LaidGround, contestant: Contestant): Promise<Negotiated> {
  const behind = await startTap(() => ground.upstream.port);
  try {
    const started = await contestant.start(ground, behind.port);
    const front = await startTap(() => started.port);
    try {
      await openSessions(ground, front);
      return {
        caller: front.heard[0],
        upstream: started.pid === undefined ? undefined : behind.heard[0],
        resumesUpstream: behind.heard.some(({ resumed }) => resumed),
      };
    } finally {
      await front.close();
      await started.stop();
    }
  } finally {
    await behind.close();
  }
}

async function openSessions(ground: LaidGround, front: Tap): Promise<void> {
  const load = await startLoad(ground.processes, {
    program: ground.programs.load,
    args: ['open', '--count', String(SESSIONS)],
    url: `https://127.0.0.1:${front.port}`,
    caFile: ground.caFile,
    token: ground.token,
    folder: ground.folder,
    limitMs: LIMIT_MS,
  });
  try {
    await load.ready;
    await load.go();
  } finally {
    await load.stop();
  }
}
