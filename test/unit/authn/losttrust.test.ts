// What a changed entry of authentication.jwt takes away from tokens that were verified before; what it adds takes nothing away.

import t from 'tap';
import { lostTrust } from '../../../src/authn/losttrust.ts';
import { makeCA } from '../../../src/certificates.ts';
import type { JwtConfig } from '../../../src/config/config.ts';

const [one, two] = [(await makeCA('one')).certPem, (await makeCA('two')).certPem];

type Trusted = { ca?: string; discoveryURL?: string; jwksURL?: string; algorithms?: readonly string[] };

function entry({ ca = one, discoveryURL = '', jwksURL = '', algorithms = ['RS256'] }: Trusted): JwtConfig {
  return {
    issuer: { url: 'https://issuer.example', audiences: ['a'], discoveryURL, certificateAuthority: ca },
    jwksURL,
    signingAlgorithms: algorithms,
  } as unknown as JwtConfig;
}

const AUTHORITY = /^an authority by which its issuer's keys were fetched is trusted no more$/;
const ADDRESS = /^its issuer's keys are at another address now$/;
// [what, before, after, expected]
const cases: readonly (readonly [string, Trusted, Trusted, RegExp])[] = [
  ['nothing', {}, {}, /^$/],
  ['an authority added', {}, { ca: one + two }, /^$/],
  ['another order of authorities', { ca: one + two }, { ca: two + one }, /^$/],
  ['the text around them', {}, { ca: `# ours\n${one}\n` }, /^$/],
  ['an authority taken away', { ca: one + two }, { ca: two }, AUTHORITY],
  ['an authority replaced', {}, { ca: two }, AUTHORITY],
  ["the system's roots instead of an authority", {}, { ca: '' }, AUTHORITY],
  ["an authority instead of the system's roots", { ca: '' }, {}, AUTHORITY],
  ['an address of the keys', {}, { jwksURL: 'https://issuer.example/keys' }, ADDRESS],
  ['an address of the discovery document', {}, { discoveryURL: 'https://issuer.example/d' }, ADDRESS],
  ['an algorithm added', {}, { algorithms: ['ES256', 'RS256'] }, /^$/],
  ['another algorithm taken away', { algorithms: ['ES256', 'RS256'] }, {}, /^$/],
  ['its algorithm taken away', {}, { algorithms: ['ES256'] }, /^its algorithm RS256 is accepted no more$/],
];
for (const [what, before, after, expected] of cases)
  t.test(what, async (t) => t.match(lostTrust(entry(before), entry(after), 'RS256'), expected));
