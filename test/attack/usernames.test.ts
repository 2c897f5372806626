// S9: names, uids and extras of every shape in a signed token. They arrive as exactly the UTF-8 bytes that were signed, or the token is refused: nothing is
// trimmed, folded, cut or taken for two lines (CVE-2022-22975, CVE-2026-40574).

import t from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { valuesIn } from './recorded.ts';
import { openWays, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-usernames');
const { plain, prefixing } = await startIssuers(t, 'plain', 'prefixing');
const ground = await startGround(t, {
  issuer: plain,
  config: {
    authentication: {
      jwt: [
        jwtEntry(plain, {
          claimMappings: {
            username: { claim: 'email', prefix: '' },
            uid: { claim: 'sub' },
            extra: [
              {
                key: 'example.org/tenant',
                valueExpression: "has(claims.tenant) ? dyn(claims.tenant) : dyn('')",
              },
            ],
          },
        }),
        jwtEntry(prefixing, { claimMappings: { username: { claim: 'name', prefix: 'corp:' } } }),
      ],
    },
  },
});
const all = openWays(t, ground);
const ways = all.filter(({ name }) => name !== 'WebSocket');
const [rest] = all;
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

/** Names that arrive as they are. */
const ARRIVE: readonly string[] = [
  'A@corp.com',
  'a@corp.com',
  'a@evil.com@corp.com',
  'a@corp.com,b@corp.com',
  'a@corp.com b',
  'o’brien@corp.com',
  '"quoted name"@corp.com',
  'a@b: Impersonate-Group: system:masters',
  'a%0d%0aImpersonate-Group:%20system:masters',
  '=?UTF-8?Q?a=0D=0A?=',
  'josé@corp.com',
  'jose\u0301@corp.com',
  'JOSÉ@CORP.COM',
  '\u0430lice@example.com',
  'alice@exa\u200bmple.com',
  '\u202ealice@example.com',
  'straße@corp.com',
  'ıstanbul@corp.com',
  '管理者@corp.com',
  '👩‍🚀@corp.com',
  '\u{10ffff}',
  'System:admin',
  'ſystem:admin',
  'system\uff1aadmin',
  'xsystem:admin',
  'system',
  '*',
  '../../../etc/passwd',
  '\u0024{jndi:ldap://evil}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '*)(uid=*',
  '__proto__',
  'constructor',
  '0',
  'null',
  'undefined',
  'x'.repeat(300),
  'x'.repeat(10_000),
  'x'.repeat(150_000),
];

/** [what, claims, the code] */
const REFUSED: readonly (readonly [
  what: string,
  claims: Readonly<Record<string, unknown>>,
  cause: string,
])[] = [
  ['system:admin', { email: 'system:admin' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['a service account', { email: 'system:serviceaccount:kube-system:x' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['a node', { email: 'system:node:n1' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['nobody', { email: 'system:anonymous' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['the API server', { email: 'system:apiserver' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['the prefix alone', { email: 'system:' }, 'TOKEN_SYSTEM_IDENTITY'],
  ['… behind a blank', { email: ' system:admin' }, 'TOKEN_CLAIMS'],
  ['… before a blank', { email: 'a@corp.com ' }, 'TOKEN_CLAIMS'],
  ['… behind a byte order mark', { email: '\ufeffsystem:admin' }, 'TOKEN_CLAIMS'],
  ['… behind a blank that is not ASCII', { email: '\u3000a@corp.com' }, 'TOKEN_CLAIMS'],
  ['a line end', { email: 'a\r\nImpersonate-Group: system:masters' }, 'TOKEN_CLAIMS'],
  ['LF', { email: 'a\nImpersonate-User: system:admin' }, 'TOKEN_CLAIMS'],
  ['CR', { email: 'a\rb' }, 'TOKEN_CLAIMS'],
  ['a whole head', { email: 'a\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n' }, 'TOKEN_CLAIMS'],
  ['NUL', { email: 'a\0b' }, 'TOKEN_CLAIMS'],
  ['a tab', { email: 'a\tb' }, 'TOKEN_CLAIMS'],
  ['DEL', { email: 'a\x7fb' }, 'TOKEN_CLAIMS'],
  ['NEL', { email: 'a\x85b' }, 'TOKEN_CLAIMS'],
  ['an escape sequence', { email: 'a\x1b[2Jb' }, 'TOKEN_CLAIMS'],
  ['half a character', { email: 'a\ud800' }, 'TOKEN_CLAIMS'],
  ['empty', { email: '' }, 'TOKEN_CLAIMS'],
  ['blank', { email: '   ' }, 'TOKEN_CLAIMS'],
  ['none', { email: undefined }, 'TOKEN_CLAIMS'],
  ['null', { email: null }, 'TOKEN_CLAIMS'],
  ['a number', { email: 7 }, 'TOKEN_CLAIMS'],
  ['a list', { email: ['a@corp.com'] }, 'TOKEN_CLAIMS'],
  ['an object', { email: { toString: 'a' } }, 'TOKEN_CLAIMS'],
  ['an address that nobody verified', { email_verified: false }, 'TOKEN_CLAIMS'],
  ['an address that is verified in a text', { email_verified: 'true' }, 'TOKEN_CLAIMS'],
  ['an address that is verified by null', { email_verified: null }, 'TOKEN_CLAIMS'],
  ['an address that is verified by 1', { email_verified: 1 }, 'TOKEN_CLAIMS'],
  // The other parts go the same way.
  ['a line end in the uid', { sub: 'u\r\nImpersonate-Group: system:masters' }, 'TOKEN_CLAIMS'],
  ['NUL in the uid', { sub: 'u\0' }, 'TOKEN_CLAIMS'],
  ['a blank after the uid', { sub: 'u ' }, 'TOKEN_CLAIMS'],
  ['a number as the uid', { sub: 7 }, 'TOKEN_CLAIMS'],
  ['a line end in jti', { jti: 'j\r\nImpersonate-Group: system:masters' }, 'TOKEN_CLAIMS'],
  ['a line end in an extra', { tenant: 'v\r\nImpersonate-Group: system:masters' }, 'TOKEN_CLAIMS'],
  ['half a character in an extra', { tenant: 'v\udfff' }, 'TOKEN_CLAIMS'],
  ['an extra that is a number', { tenant: 7 }, 'TOKEN_CLAIMS'],
  ['an extra with a list within', { tenant: [['a']] }, 'TOKEN_CLAIMS'],
];

for (const [index, way] of ways.entries()) {
  // One header line of HTTP/2 holds 64 KiB at most in nghttp2, whatever the gate allows.
  for (const name of ARRIVE.filter(({ length }) => index === 0 || length < 20_000))
    await facts.attack('S9', `${JSON.stringify(name).slice(0, 60)} (${way.name})`, async (t) => {
      const marker = `name-${index}-${ARRIVE.indexOf(name)}.`;
      const token = await ground.gate.token({ email: name });
      t.equal((await way.send([`X-M: ${marker}`], { token })).status, way.isUpgrade ? 101 : 200);
      const { lines } = requestWith(ground, marker);
      t.strictSame(valuesIn(lines, 'impersonate-user'), [utf8(name)]);
      t.strictSame(valuesIn(lines, 'impersonate-uid'), ['alice-id']);
      t.same(valuesIn(lines, 'impersonate-group'), []);
    });
  for (const [what, claims, cause] of REFUSED)
    await facts.attack('S9', `${what} (${way.name})`, async (t) => {
      const token = await ground.gate.token(claims);
      const reply = await ground.reachesNobody(t, 'name-refused', () =>
        way.send(['X-M: name-refused'], { token }),
      );
      t.match(said(reply), { status: 403, kind: 'Status', code: 403, cause });
    });
}

await facts.attack('S9', 'extras and uid arrive byte for byte as well', async (t) => {
  const token = await ground.gate.token({ sub: 'ü,1', jti: 'é\u200b', tenant: ['a,b', '', 'ç'] });
  t.equal((await rest?.send(['X-M: name-extras.'], { token }))?.status, 200);
  const { lines } = requestWith(ground, 'name-extras.');
  t.strictSame(valuesIn(lines, 'impersonate-uid'), [utf8('ü,1')]);
  t.strictSame(valuesIn(lines, 'impersonate-extra-example.org%2Ftenant'), ['a,b', utf8('ç')]);
  t.strictSame(valuesIn(lines, 'impersonate-extra-authentication.kubernetes.io%2Fcredential-id'), [
    utf8('JTI=é\u200b'),
  ]);
});

// A prefix does not repair what is bad, and does not make a name of nothing.
for (const [what, name, arrives] of [
  ['one of Kubernetes’ behind a prefix', 'system:admin', 'corp:system:admin'],
  ['an empty name behind a prefix', '', undefined],
  ['a blank behind a prefix', ' ', undefined],
  ['a line end behind a prefix', '\r\nImpersonate-Group: system:masters', undefined],
] as const)
  await facts.attack('S9', what, async (t) => {
    const token = await prefixing.sign({ name });
    const send = (marker: string) => rest.send([`X-M: ${marker}`], { token });
    if (arrives === undefined) {
      const reply = await ground.reachesNobody(t, 'name-refused', () => send('name-refused'));
      t.match(said(reply), { status: 403, cause: 'TOKEN_CLAIMS' });
      return;
    }
    t.equal((await send('name-prefixed.')).status, 200);
    t.same(valuesIn(requestWith(ground, 'name-prefixed.').lines, 'impersonate-user'), [arrives]);
  });
