// The four access proxies as a gate sees them: tokens shaped exactly as each vendor makes them, with keys made at run time, and the documents
// at the vendors' own addresses, which only a fetcher of the tests' own can answer for. Shapes: see src/config/presets.ts for the pages.

import { createSign, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { AnswerError, type DocumentFetcher } from '../../src/authn/fetch.ts';

export const TEAM = 'https://team.cloudflareaccess.com';
export const AUD_TAG = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';
export const BACKEND = '/projects/123456789/global/backendServices/987654321';
export const ARN =
  'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/kube-gate/50dc6c495c0c9188';
export const OTHER_ARN =
  'arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/evil/0123456789abcdef';
export const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI';
export const ROUTE = 'k8s.example.com';

/** The entries that trust them. */
export const ENTRIES = {
  'cloudflare-access': { preset: 'cloudflare-access', issuer: { url: TEAM, audiences: [AUD_TAG] } },
  'google-iap': { preset: 'google-iap', issuer: { audiences: [BACKEND] } },
  'aws-alb': { preset: 'aws-alb', issuer: { url: COGNITO, audiences: [ARN] } },
  pomerium: { preset: 'pomerium', issuer: { url: `https://${ROUTE}` } },
} as const;

type Members = Readonly<Record<string, unknown>>;

/** What a test may want otherwise; undefined leaves a member out. */
export interface Changes {
  readonly header?: Members;
  readonly claims?: Members;
}

/** One vendor: its header, and how it signs. */
export interface Vendor {
  readonly header: string;
  readonly sign: (changes?: Changes) => string;
  /** What only a defect or an attacker makes: `part` writes each of the two JSON parts. */
  readonly signAs: (changes: Changes, part: (text: string) => string) => string;
}

export interface Vendors {
  readonly cloudflare: Vendor;
  readonly google: Vendor;
  readonly amazon: Vendor;
  readonly pomerium: Vendor;
  readonly amazonKid: string;
  /** Answers for the vendors' addresses. */
  readonly fetcher: DocumentFetcher;
  /** Every address that was asked for. */
  readonly asked: string[];
  /** While it is set, every look-up fails with it. */
  failure: Error | undefined;
}

/** Keys of all four. */
export function makeVendorKeys() {
  const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    iapKey: ec(),
    albKey: ec(),
    pomeriumKey: ec(),
  };
}

const USUAL_KEYS = makeVendorKeys();

/** Makes the vendors; `now` is in ms. */
export function makeVendors(now: () => number, keys = USUAL_KEYS): Vendors {
  const { rsa, iapKey, albKey, pomeriumKey } = keys;
  const asked: string[] = [];
  const seconds = () => Math.floor(now() / 1000);
  const cloudflareKid = '9338abe1baf2fe492f646a736f25afbf7b025e35c627be4f60c414d4c73069b8';
  const amazonKid = randomUUID();
  const documents = new Map<string, unknown>([
    // As Cloudflare's: the keys as JWKs, beside them the certificates as PEM.
    [
      `${TEAM}/cdn-cgi/access/certs`,
      {
        keys: [jwk(rsa.publicKey, { kid: cloudflareKid, alg: 'RS256', use: 'sig' })],
        public_cert: { kid: cloudflareKid, cert: '-----BEGIN CERTIFICATE-----' },
        public_certs: [{ kid: cloudflareKid, cert: '-----BEGIN CERTIFICATE-----' }],
      },
    ],
    [
      'https://www.gstatic.com/iap/verify/public_key-jwk',
      { keys: [jwk(iapKey.publicKey, { kid: 'f9R3yg', alg: 'ES256', use: 'sig' })] },
    ],
    [
      `https://public-keys.auth.elb.eu-west-1.amazonaws.com/${amazonKid}`,
      albKey.publicKey.export({ type: 'spki', format: 'pem' }),
    ],
    [
      `https://${ROUTE}/.well-known/pomerium/jwks.json`,
      { keys: [jwk(pomeriumKey.publicKey, { kid: 'pom-1', alg: 'ES256', use: 'sig' })] },
    ],
  ]);
  const vendors = { failure: undefined as Error | undefined };
  const find = async (url: string): Promise<unknown> => {
    asked.push(url);
    if (vendors.failure !== undefined) throw vendors.failure;
    const document = documents.get(url);
    if (document === undefined) throw new AnswerError(403);
    return document;
  };
  const times = (lifetime: number) => ({ iat: seconds(), exp: seconds() + lifetime });
  return Object.assign(vendors, {
    amazonKid,
    asked,
    fetcher: { get: find, getText: async (url: string) => String(await find(url)), close: async () => {} },
    cloudflare: vendor('cf-access-jwt-assertion', rsa.privateKey, unpadded, () => ({
      header: { alg: 'RS256', kid: cloudflareKid, typ: 'JWT' },
      claims: {
        aud: [AUD_TAG],
        email: 'alice@example.com',
        ...times(86_400),
        nbf: seconds(),
        iss: TEAM,
        type: 'app',
        identity_nonce: '6ei69kawdKzMIAPF',
        sub: '7335d417-61da-459d-899c-0a01c76a2f94',
        country: 'US',
      },
    })),
    google: vendor('x-goog-iap-jwt-assertion', iapKey.privateKey, unpadded, () => ({
      header: { alg: 'ES256', typ: 'JWT', kid: 'f9R3yg' },
      claims: {
        aud: BACKEND,
        azp: BACKEND,
        email: 'alice@example.com',
        ...times(600),
        hd: 'example.com',
        iss: 'https://cloud.google.com/iap',
        sub: 'accounts.google.com:115317459420321',
        google: { access_levels: ['accessPolicies/518551280924/accessLevels/recentSecureConnectData'] },
      },
    })),
    amazon: vendor('x-amzn-oidc-data', albKey.privateKey, padded, () => ({
      header: {
        typ: 'JWT',
        kid: amazonKid,
        alg: 'ES256',
        iss: COGNITO,
        client: '5qkd1h1v2ds3pcbm7q7bt7dm1l',
        signer: ARN,
        exp: seconds() + 120,
      },
      claims: {
        sub: '0c5a1b1e-6a0c-4a55-9a0c-2f0f3f3f0f0f',
        email: 'alice@example.com',
        username: 'alice',
        exp: seconds() + 120,
        iss: COGNITO,
      },
    })),
    pomerium: vendor('x-pomerium-jwt-assertion', pomeriumKey.privateKey, unpadded, () => ({
      header: { alg: 'ES256', kid: 'pom-1', typ: 'JWT' },
      claims: {
        aud: ROUTE,
        email: 'alice@example.com',
        ...times(300),
        groups: ['engineers', '00gm3b9l0bq2'],
        iss: ROUTE,
        jti: randomUUID(),
        name: 'Alice Example',
        sid: randomUUID(),
        sub: 'google/115317459420321',
        user: 'google/115317459420321',
      },
    })),
  });
}

interface Shape {
  readonly header: Members;
  readonly claims: Members;
}

function vendor(header: string, key: KeyObject, usual: Part, shape: () => Shape): Vendor {
  const signAs = (changes: Changes, part: Part): string => {
    const made = shape();
    const signed = [
      { ...made.header, ...changes.header },
      { ...made.claims, ...changes.claims },
    ]
      .map((members) => part(JSON.stringify(members)))
      .join('.');
    const signature = createSign('sha256').update(signed).sign({ key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${part(signature.toString('latin1'))}`;
  };
  return { header, signAs, sign: (changes = {}) => signAs(changes, usual) };
}

type Part = (text: string) => string;

/** base64url as RFC 7515 has it. */
export function unpadded(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64url');
}

/** base64url with its padding, as load balancers write it. */
export function padded(text: string): string {
  const plain = unpadded(text);
  return plain.padEnd(Math.ceil(plain.length / 4) * 4, '=');
}

function jwk(key: KeyObject, more: object): object {
  return { ...key.export({ format: 'jwk' }), ...more };
}
