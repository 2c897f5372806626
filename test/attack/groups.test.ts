// S8: groups of every shape in a signed token. Each group is one line of its own and arrives byte for byte, or the whole token is refused: none is split,
// joined, trimmed or repaired, and none of Kubernetes' own is let in.

import t, { type Test } from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { valuesIn } from './recorded.ts';
import { openWays, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-groups');
const { plain, prefixing, computing } = await startIssuers(t, 'plain', 'prefixing', 'computing');
const mapped = (groups: object) => ({
  claimMappings: { username: { claim: 'email', prefix: '' }, groups, uid: { claim: 'sub' } },
});
const ground = await startGround(t, {
  config: {
    authentication: {
      jwt: [
        jwtEntry(plain),
        jwtEntry(prefixing, mapped({ claim: 'groups', prefix: 'corp:' })),
        jwtEntry(computing, mapped({ expression: "dyn(claims.groups).map(g, string(g) + '')" })),
      ],
    },
  },
  issuer: plain,
});
const ways = openWays(t, ground).filter(({ name }) => name !== 'WebSocket');
const utf8 = (text: string) => Buffer.from(text).toString('latin1');
const many = (count: number, name = (i: number) => `g${i}`) =>
  Array.from({ length: count }, (_, i) => name(i));

/** [what, the claim, the groups that arrive or why it is refused] */
const SHAPES: readonly (readonly [what: string, claim: unknown, arrives: readonly string[] | string])[] = [
  ['a comma before one of Kubernetes', ['x,system:masters'], ['x,system:masters']],
  ['commas and blanks within', ['a, b ,c', 'd;e'], ['a, b ,c', 'd;e']],
  ['quotes and backslashes', ['"a"', "b'", 'c\\,d'], ['"a"', "b'", 'c\\,d']],
  ['a text instead of a list', 'engineers,system:masters', ['engineers,system:masters']],
  ['none', [], []],
  ['no claim', undefined, []],
  ['null', null, []],
  ['empty ones', ['', 'a', ''], ['a']],
  ['null in the list', [null, 'a'], ['a']],
  ['twice the same', ['a', 'a', 'b', 'a'], ['a', 'a', 'b', 'a']],
  [
    'other letters',
    ['System:Masters', 'SYSTEM:MASTERS', 'sYstem:masters'],
    ['System:Masters', 'SYSTEM:MASTERS', 'sYstem:masters'],
  ],
  [
    'not at the beginning',
    ['xsystem:masters', 'system', '-system:'],
    ['xsystem:masters', 'system', '-system:'],
  ],
  ['beyond ASCII', ['größe', '管理者', '👩‍🚀'], ['größe', '管理者', '👩‍🚀'].map(utf8)],
  ['two that look alike', ['é', 'e\u0301'], ['é', 'e\u0301'].map(utf8)],
  [
    'a colon that is none',
    ['system\uff1amasters', 'system\ufe55masters'],
    ['system\uff1amasters', 'system\ufe55masters'].map(utf8),
  ],
  [
    'letters that are none',
    ['\u0455ystem:masters', 's\u200bystem:masters'],
    ['\u0455ystem:masters', 's\u200bystem:masters'].map(utf8),
  ],
  ['a header in it', ['Impersonate-User: system:admin'], ['Impersonate-User: system:admin']],
  ['percent signs', ['%73ystem:masters', '%0d%0a'], ['%73ystem:masters', '%0d%0a']],
  [
    'names of every object',
    ['__proto__', 'constructor', 'toString'],
    ['__proto__', 'constructor', 'toString'],
  ],
  ['a long one', ['g'.repeat(50_000)], ['g'.repeat(50_000)]],
  ['2000', many(2000), many(2000)],
  ['Kubernetes’ administrators', ['system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
  ['… behind a good one', ['engineers', 'system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
  ['… as a text', 'system:masters', 'TOKEN_SYSTEM_IDENTITY'],
  ['nodes', ['system:nodes'], 'TOKEN_SYSTEM_IDENTITY'],
  ['service accounts', ['system:serviceaccounts'], 'TOKEN_SYSTEM_IDENTITY'],
  ['everybody', ['system:authenticated'], 'TOKEN_SYSTEM_IDENTITY'],
  ['nobody', ['system:unauthenticated'], 'TOKEN_SYSTEM_IDENTITY'],
  ['the prefix alone', ['system:'], 'TOKEN_SYSTEM_IDENTITY'],
  ['… among 2000', [...many(1999), 'system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
  ['… behind a blank', [' system:masters'], 'TOKEN_CLAIMS'],
  ['… behind a tab', ['\tsystem:masters'], 'TOKEN_CLAIMS'],
  ['… before a blank', ['a '], 'TOKEN_CLAIMS'],
  ['… behind a blank that is not ASCII', ['\u00a0system:masters'], 'TOKEN_CLAIMS'],
  ['… behind a byte order mark', ['\ufeffsystem:masters'], 'TOKEN_CLAIMS'],
  ['a blank alone', ['a', ' '], 'TOKEN_CLAIMS'],
  ['a line end', ['a\r\nImpersonate-Group: system:masters'], 'TOKEN_CLAIMS'],
  ['LF', ['a\nImpersonate-Group: system:masters'], 'TOKEN_CLAIMS'],
  ['CR', ['a\rb'], 'TOKEN_CLAIMS'],
  ['NUL', ['a\0'], 'TOKEN_CLAIMS'],
  ['DEL', ['a\x7fb'], 'TOKEN_CLAIMS'],
  ['a control of the upper half', ['a\x85b'], 'TOKEN_CLAIMS'],
  ['half a character', ['a\ud800b'], 'TOKEN_CLAIMS'],
  ['a number', [7], 'TOKEN_CLAIMS'],
  ['a number instead of a list', 7, 'TOKEN_CLAIMS'],
  ['true', true, 'TOKEN_CLAIMS'],
  ['a list in the list', [['system:masters']], 'TOKEN_CLAIMS'],
  ['an object in the list', [{ name: 'system:masters' }], 'TOKEN_CLAIMS'],
  ['an object', { 0: 'system:masters', length: 1 }, 'TOKEN_CLAIMS'],
  ['2001', many(2001), 'TOKEN_CLAIMS'],
  ['5000', many(5000), 'TOKEN_CLAIMS'],
];

// Long lists are tried on the first way only: how many there are is judged before the way matters.
for (const [index, way] of ways.entries())
  for (const [what, claim, arrives] of SHAPES) {
    if (index > 0 && Array.isArray(claim) && claim.length > 100) continue;
    await facts.attack('S8', `${what} (${way.name})`, async (t) => {
      const token = await ground.gate.token({ groups: claim });
      if (typeof arrives === 'string')
        return refused(t, () => way.send(['X-M: groups-refused'], { token }), arrives);
      const marker = `groups-${index}-${what.replaceAll(/\W/g, '_')}.`;
      t.equal((await way.send([`X-M: ${marker}`], { token })).status, way.isUpgrade ? 101 : 200);
      const { lines } = requestWith(ground, marker);
      t.strictSame(valuesIn(lines, 'impersonate-group'), arrives);
      t.same(valuesIn(lines, 'impersonate-user'), ['alice@example.com']);
    });
  }

async function refused(
  t: Test,
  act: () => Promise<Parameters<typeof said>[0]>,
  cause: string,
): Promise<void> {
  const reply = await ground.reachesNobody(t, 'groups-refused', act);
  t.match(said(reply), { status: 403, kind: 'Status', code: 403, cause });
}

const [rest] = ways;

/** [issuer, what, the claim, the groups that arrive or why it is refused] */
const MAPPED: readonly (readonly [
  issuer: typeof plain,
  what: string,
  claim: unknown,
  arrives: readonly string[] | string,
])[] = [
  [prefixing, 'a prefix before one of Kubernetes’', ['system:masters'], ['corp:system:masters']],
  [prefixing, 'a prefix before an empty one', ['', 'a'], ['corp:', 'corp:a']],
  [prefixing, 'a line end behind a prefix', ['\r\nImpersonate-Group: system:masters'], 'TOKEN_CLAIMS'],
  [computing, 'an expression that gives one of Kubernetes’', ['system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
  [
    computing,
    'an expression that gives a line end',
    ['a\r\nImpersonate-Group: system:masters'],
    'TOKEN_CLAIMS',
  ],
  [computing, 'an expression over something else', 'text', 'TOKEN_CLAIMS'],
  [computing, 'an expression over 5000', many(5000), 'TOKEN_CLAIMS'],
];

for (const [issuer, what, claim, arrives] of MAPPED)
  await facts.attack('S8', what, async (t) => {
    const token = await issuer.sign({ groups: claim });
    const send = (marker: string) =>
      rest?.send([`X-M: ${marker}`], { token }) ?? Promise.reject(new Error('no way'));
    if (typeof arrives === 'string') return refused(t, () => send('groups-refused'), arrives);
    const marker = `groups-${what.replaceAll(/\W/g, '_')}.`;
    t.equal((await send(marker)).status, 200);
    t.strictSame(valuesIn(requestWith(ground, marker).lines, 'impersonate-group'), arrives);
  });
