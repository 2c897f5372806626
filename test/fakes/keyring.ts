// The fake issuer's signing keys: made at run time, one for each algorithm, replaced on demand.

import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** How keys are replaced. */
export interface RotateOptions {
  /** Whether the old ones stay published: all, the newest so many, or (default) none. */
  readonly keepOld?: boolean | number;
  /** Fixes the new keys' id. */
  readonly kid?: string;
}

/** The signing keys of an issuer. */
export interface Keyring {
  current(alg: string): Promise<SigningKey>;
  rotate(options: RotateOptions): Promise<void>;
  published(): Promise<readonly JWK[]>;
}

/** Keys are made when an algorithm is first used; from then on they are published. */
export function createKeyring(): Keyring {
  let serial = 1;
  let fixedKid: string | undefined;
  let old: SigningKey[] = [];
  let keys = new Map<string, Promise<SigningKey>>();
  const make = async (alg: string): Promise<SigningKey> => {
    const kid = fixedKid ?? `${alg}-${serial}`;
    return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
  };
  const current = (alg: string) => {
    const key = keys.get(alg) ?? make(alg);
    keys.set(alg, key);
    return key;
  };
  return {
    current,
    async rotate({ keepOld = false, kid }) {
      const before = await Promise.all(keys.values());
      const kept = keepOld === true ? Number.POSITIVE_INFINITY : Number(keepOld);
      old = kept > 0 ? [...old, ...before].slice(-kept) : [];
      serial += 1;
      fixedKid = kid;
      keys = new Map();
      await Promise.all(before.map(({ alg }) => current(alg)));
    },
    async published() {
      const all = [...old, ...(await Promise.all(keys.values()))];
      return Promise.all(
        all.map(async ({ kid, alg, publicKey }) => ({
          ...(await exportJWK(publicKey)),
          kid,
          alg,
          use: 'sig',
        })),
      );
    },
  };
}
