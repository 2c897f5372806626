// The keys of AWS load balancers. There is no list of them: each is fetched as PEM from AWS when a token first names it, and remembered. Only
// the validated key id of a token goes into the address; the rest is made of the configured ARN.

import { createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { JwtConfig } from '../../config/config.ts';
import { loadBalancerKeyURL } from '../../config/presets.ts';
import { createBucket } from '../bucket.ts';
import { systemTimer } from '../clock.ts';
import { AnswerError, createDocumentFetcher, type DocumentFetcher } from '../fetch.ts';
import type { IssuerKeys, IssuerKeysDeps } from '../issuerkeys.ts';
import { type KeySource, MAX_STALE_MS, RENEWAL_BURST, RENEWAL_REFILL_MS } from '../jwks.ts';
import { createKeySet, type KeySet } from '../keyset.ts';
import { checkClaims } from '../rules.ts';
import type { Verification } from '../signature.ts';
import type { ParsedToken } from '../token.ts';
import { signatureOf } from './loadbalancer.ts';

/** Most remembered keys. A load balancer uses one or two at a time. */
const MAX_KEYS = 64;

/** Keys by id. `unknown`: AWS has none of that id. `unavailable`: nobody can tell now. */
interface LoadBalancerKeys extends KeySource {
  find(url: string): Promise<KeyObject | 'unknown' | 'unavailable'>;
}

/** Opens the keys of the entry's load balancers, and the verifier that uses them. Nothing is fetched before a token comes. */
export function openLoadBalancer(
  config: JwtConfig,
  _algorithms: ReadonlySet<string>,
  deps: IssuerKeysDeps,
): IssuerKeys {
  const { clock, pool, onVerify, onRefresh } = deps;
  const { url: issuer } = config.issuer;
  const key = JSON.stringify(['aws-alb', issuer]);
  const keys = pool.acquire(key, () => createKeys(issuer, { ...deps, onRefresh }));
  const verify = async (token: ParsedToken): Promise<Verification> => {
    const { kid, signer } = token.header;
    // Both were checked before: checkLoadBalancerHeader.
    const found = await keys.find(loadBalancerKeyURL(String(signer), String(kid)));
    if (found === 'unavailable') return { kind: 'noKeys' };
    if (found === 'unknown') return { kind: 'unknownKey', wasAsked: true };
    onVerify?.(issuer);
    const parts = signatureOf(token.raw);
    if (parts === undefined || !(await isSigned(parts, found))) return { kind: 'badSignature', keys: ALL };
    // The parsed claims are of the very bytes that are signed. Time has passed meanwhile.
    const refusal = checkClaims(token.claims, config.issuer, clock.now());
    return refusal === undefined
      ? { kind: 'verified', payload: token.claims, keys: ALL }
      : { kind: 'refused', refusal };
  };
  return { keys, verify, release: () => pool.release(key) };
}

/** A key never changes under its id, so what was verified with one stays so. */
const ALL: KeySet = createKeySet([], 1);

function isSigned(
  { signed, signature }: { readonly signed: Buffer; readonly signature: Buffer },
  key: KeyObject,
): Promise<boolean> {
  return new Promise((resolve, reject) =>
    verifySignature('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, isGood) =>
      error ? reject(error) : resolve(isGood),
    ),
  );
}

function createKeys(issuer: string, deps: IssuerKeysDeps): LoadBalancerKeys {
  const { clock } = deps;
  const fetcher: DocumentFetcher =
    deps.fetcher ??
    createDocumentFetcher({
      certificateAuthority: '',
      setTimer: deps.setTimer ?? systemTimer,
      lookup: deps.lookup,
    });
  const known = new LRUCache<string, { readonly key: KeyObject; readonly fetchedAt: number }>({
    max: MAX_KEYS,
  });
  const underWay = new Map<string, Promise<KeyObject | 'unknown' | 'unavailable'>>();
  const bucket = createBucket(clock, RENEWAL_BURST, RENEWAL_REFILL_MS);
  let fetchedAt = 0;
  let lastError: unknown;

  const load = async (url: string): Promise<KeyObject | 'unknown' | 'unavailable'> => {
    try {
      const key = readKey(await fetcher.getText(url, ''));
      fetchedAt = clock.now();
      lastError = undefined;
      known.set(url, { key, fetchedAt });
      deps.onRefresh?.({ issuer, outcome: 'ok' });
      return key;
    } catch (cause) {
      // S3, where the keys are, says 403 for an object that is not there.
      if (cause instanceof AnswerError && (cause.status === 404 || cause.status === 403)) {
        lastError = undefined;
        return 'unknown';
      }
      lastError = cause;
      deps.onRefresh?.({ issuer, outcome: 'failed', cause });
      return 'unavailable';
    } finally {
      underWay.delete(url);
    }
  };

  return {
    async find(url) {
      const entry = known.get(url);
      if (entry !== undefined && Math.abs(clock.now() - entry.fetchedAt) <= MAX_STALE_MS) return entry.key;
      const shared = underWay.get(url);
      if (shared !== undefined) return shared;
      if (!bucket.take()) {
        lastError ??= new Error('too many keys were asked for');
        return 'unavailable';
      }
      const loading = load(url);
      underWay.set(url, loading);
      return loading;
    },
    current: () => ALL,
    renew: () => Promise.resolve('limited'),
    // Nothing has to be there before the first token, and a gate that waited for it would never get one.
    fetchedAt: () => fetchedAt || clock.now(),
    lastError: () => lastError,
    ready: () => Promise.resolve(),
    close: () => fetcher.close(),
  };
}

/** @throws Error for anything but a public key that ES256 can be verified with. */
function readKey(pem: string): KeyObject {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('not a P-256 key');
  return key;
}
