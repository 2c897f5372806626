// RFC 5280 §6.1: whether a certificate leads to an authority. The last rows are what a client may send to be taken for somebody else.

import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { type CertificateAuthority, makeCA } from '../../../src/certificates.ts';
import { leadsToAuthority } from '../../../src/x509/chain.ts';

const DAY_MS = 86_400_000;
const root = await makeCA('root');
const below = await root.intermediate('below');
const deep = await below.intermediate('deep');
const other = await makeCA('other');
/** Another authority under the same name. */
const namesake = await makeCA('root');
const issue = async (from: CertificateAuthority) =>
  (await from.issue({ commonName: 'jane', client: true })).certPem;
const leaves = { root: await issue(root), below: await issue(below), deep: await issue(deep) };
/** Signed by what is no authority: a client's own key. */
const forger = await root.issue({ commonName: 'forger', client: true });

// [what, the certificate, the authorities, what was sent, whether it leads there]
const cases: readonly (readonly [string, string, readonly string[], readonly string[], boolean])[] = [
  ['its issuer', leaves.root, [root.certPem], [], true],
  ['its issuer beside others', leaves.root, [other.certPem, root.certPem], [], true],
  ['an authority between, which was sent', leaves.below, [root.certPem], [below.certPem], true],
  ['an authority between, which is configured', leaves.below, [root.certPem, below.certPem], [], true],
  ['two between, in any order', leaves.deep, [root.certPem], [below.certPem, deep.certPem], true],
  [
    'the authority itself among what was sent',
    leaves.below,
    [root.certPem],
    [below.certPem, root.certPem],
    true,
  ],
  ['nobody is configured', leaves.root, [], [root.certPem], false],
  ['another authority', leaves.root, [other.certPem], [], false],
  ['another authority of the same name', leaves.root, [namesake.certPem], [], false],
  ['another authority, and its own was sent', leaves.root, [other.certPem], [root.certPem], false],
  ['an authority between that is missing', leaves.below, [root.certPem], [], false],
  ['an authority between that did not sign itself, alone', leaves.below, [below.certPem], [], false],
  ['what is no authority', leaves.root, [forger.certPem], [forger.certPem], false],
];
for (const [what, certificate, authorities, sent, expected] of cases)
  t.test(`${what}: ${expected ? 'leads there' : 'does not'}`, async (t) => {
    const parse = (pems: readonly string[]) => pems.map((pem) => new X509Certificate(pem));
    const links = { authorities: parse(authorities), sent: parse(sent), now: Date.now() };
    t.equal(leadsToAuthority(new X509Certificate(certificate), links), expected);
  });

t.test('an authority that is over leads nowhere', async (t) => {
  const links = { authorities: [new X509Certificate(root.certPem)], sent: [] };
  const leaf = new X509Certificate(leaves.root);
  t.equal(leadsToAuthority(leaf, { ...links, now: Date.now() + 29 * DAY_MS }), true);
  t.equal(leadsToAuthority(leaf, { ...links, now: Date.now() + 31 * DAY_MS }), false);
  t.equal(
    leadsToAuthority(leaf, { ...links, now: Date.now() - DAY_MS }),
    false,
    'nor one that has not begun',
  );
});

t.test('a chain that never ends is not followed for ever', async (t) => {
  let last = root;
  const sent: X509Certificate[] = [];
  for (let i = 0; i < 12; i++) {
    last = await last.intermediate(`level ${i}`);
    sent.push(new X509Certificate(last.certPem));
  }
  const leaf = new X509Certificate(await issue(last));
  const links = { authorities: [new X509Certificate(root.certPem)], sent, now: Date.now() };
  t.equal(leadsToAuthority(leaf, links), false);
});
