// What goes on beside the people of the soak with kubectl: the configuration is taken up again, the issuer's keys rotate, everybody's token is renewed.

import { setTimeout as delay } from 'node:timers/promises';
import { createBucket } from '../../src/authn/bucket.ts';
import { RENEWAL_BURST, RENEWAL_REFILL_MS } from '../../src/authn/jwks.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type Lab, TOKEN_LIFE_S } from './lab.ts';

/** So many older keys stay published: as many as a token can outlive at the rate below, as an issuer has to keep them. */
const KEYS_KEPT = RENEWAL_BURST + Math.ceil((TOKEN_LIFE_S * 1000) / RENEWAL_REFILL_MS);

/** How often each was done. */
export interface Done {
  reloads: number;
  rotations: number;
  renewals: number;
}

/** Disturbs a lab, one thing after the other. */
export interface Disturber {
  readonly done: Readonly<Done>;
  /** How often each was done at least. */
  rounds(): number;
  /** Does one every `everyMs` until it is aborted; resolves then. */
  disturb(everyMs: number, signal: AbortSignal): Promise<void>;
}

/** Makes one. */
export function createDisturber(lab: Lab): Disturber {
  const { files, child } = lab.gate;
  const done: Done = { reloads: 0, rotations: 0, renewals: 0 };
  // What a gate promises (docs/explanation/faults.md, the identity provider) and no more: unknown keys are fetched five times at once, then once in
  // 10 s. One of the five is left, for a fetch of the gate's own that was under way when the keys changed.
  const bucket = createBucket({ now: () => performance.now() }, RENEWAL_BURST - 1, RENEWAL_REFILL_MS);
  const reload = () => {
    const sessions = { maxDuration: `${done.reloads % 2 === 0 ? 1 : 2}h` };
    files.writeConfig({ ...files.config, sessions, authentication: { jwt: [jwtEntry(files.issuer)] } });
    child.kill('SIGHUP');
    done.reloads += 1;
  };
  const rotate = async () => {
    if (!bucket.take()) return;
    await files.issuer.rotate({ keepOld: KEYS_KEPT });
    done.rotations += 1;
  };
  const renew = async () => {
    await lab.renewTokens();
    done.renewals += 1;
  };
  const deeds = [reload, rotate, renew];
  let turn = 0;
  return {
    done,
    rounds: () => Math.min(done.reloads, done.rotations, done.renewals),
    async disturb(everyMs, signal) {
      while (!signal.aborted) {
        await delay(everyMs, undefined, { signal }).catch(() => {});
        if (!signal.aborted) await deeds[turn++ % deeds.length]?.();
      }
    },
  };
}
