import t from 'tap';
import { findInboundImpersonation, impersonationHeaders } from '../../../src/kube/impersonation.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';

type User = Parameters<typeof freezeUserInfo>[0];

// protocol.md §4.5 and "Seen on a real kube-apiserver 1.36.3"; client-go transport/round_trippers_test.go for the keys.
const carried: readonly [what: string, user: User, lines: readonly string[]][] = [
  ['a name alone is one line', { username: 'alice' }, ['Impersonate-User', 'alice']],
  [
    'one line per group, a comma is part of the name',
    { username: 'alice', groups: ['g1', 'g,2'] },
    ['Impersonate-User', 'alice', 'Impersonate-Group', 'g1', 'Impersonate-Group', 'g,2'],
  ],
  ['the uid', { username: 'alice', uid: '1-2' }, ['Impersonate-User', 'alice', 'Impersonate-Uid', '1-2']],
  [
    'one line per extra value',
    { username: 'a', extra: { scopes: ['x', 'y z', ''] } },
    [
      'Impersonate-User',
      'a',
      'Impersonate-Extra-scopes',
      'x',
      'Impersonate-Extra-scopes',
      'y z',
      'Impersonate-Extra-scopes',
      '',
    ],
  ],
  [
    'a key is escaped upper-case, percent included',
    {
      username: 'a',
      extra: { 'example.com/escaped\u16c4scopes': ['1'], '50%': ['2'], "!#$&'*+-.^_`|~9": ['3'] },
    },
    [
      ...['Impersonate-User', 'a', 'Impersonate-Extra-example.com%2Fescaped%E1%9B%84scopes', '1'],
      ...['Impersonate-Extra-50%25', '2', "Impersonate-Extra-!#$&'*+-.^_`|~9", '3'],
    ],
  ],
  [
    'other scripts are UTF-8 bytes as latin1',
    { username: 'zoë', groups: ['日'] },
    ['Impersonate-User', 'zo\xc3\xab', 'Impersonate-Group', '\xe6\x97\xa5'],
  ],
  [
    'a service account without groups gains none of the server',
    { username: 'system:serviceaccount:ns:sa' },
    ['Impersonate-User', 'system:serviceaccount:ns:sa', 'Impersonate-Group', 'system:authenticated'],
  ],
  [
    'a service account with groups keeps just these',
    { username: 'system:serviceaccount:ns:sa', groups: ['g'] },
    ['Impersonate-User', 'system:serviceaccount:ns:sa', 'Impersonate-Group', 'g'],
  ],
];

for (const [what, user, lines] of carried) {
  t.test(what, async (t) => t.same(impersonationHeaders(freezeUserInfo(user)), lines));
}

// What a header would lose or change must never be sent; authentication refuses it before.
const refused: readonly [what: string, user: User, message: RegExp][] = [
  ['an empty username', { username: '' }, /username is blank/],
  ['a blank username', { username: ' \t ' }, /username is blank/],
  ['a username of non-breaking spaces', { username: '\u00a0' }, /username is blank/],
  ['a space before', { username: ' admin' }, /username begins or ends/],
  ['a space after', { username: 'admin ' }, /username begins or ends/],
  ['a line end', { username: 'a\r\nImpersonate-Group: system:masters' }, /username holds a control/],
  ['NUL', { username: 'a\0b' }, /username holds a control/],
  ['DEL', { username: 'a\x7fb' }, /username holds a control/],
  ['half a character', { username: 'a\ud83d' }, /username is not well-formed/],
  ['an empty group', { username: 'a', groups: ['g', ''] }, /group is blank/],
  ['a group with a tab after', { username: 'a', groups: ['g\t'] }, /group begins or ends/],
  ['a uid with a line end', { username: 'a', uid: '1\n2' }, /uid holds a control/],
  [
    'an extra value with a line end',
    { username: 'a', extra: { k: ['1\n2'] } },
    /extra value holds a control/,
  ],
  ['an empty key', { username: 'a', extra: { '': ['1'] } }, /key is empty/],
  ['an upper-case key', { username: 'a', extra: { Scopes: ['1'] } }, /key is not lower-case/],
  ['half a character in a key', { username: 'a', extra: { 'a\udc00': ['1'] } }, /key is not well-formed/],
];

for (const [what, user, message] of refused) {
  t.test(`${what} is never sent`, async (t) => {
    t.throws(() => impersonationHeaders(freezeUserInfo(user)), { name: 'TypeError', message });
  });
}

t.test('what can be carried is not objected to', async (t) => {
  for (const username of ['alice', 'a@b.c', 'oidc:zoë', 'g,2', 'a b', '日本', '\u{1f600}', 'x'.repeat(300)]) {
    const [, carried = ''] = impersonationHeaders(freezeUserInfo({ username }));
    t.equal(Buffer.from(carried, 'latin1').toString('utf8'), username, username.slice(0, 20));
  }
});

// field-lessons.md S6, S7
const inbound: readonly [name: string, found: boolean][] = [
  ['Impersonate-User', true],
  ['impersonate-user', true],
  ['IMPERSONATE-GROUP', true],
  ['Impersonate-Uid', true],
  ['Impersonate-Extra-%2f', true],
  ['Impersonate-Extra-Foo', true],
  ['Impersonate-Whatever', true],
  ['Impersonate_User', true],
  ['impersonate_extra_scopes', true],
  ['Impersonate-', true],
  ['Impersonated', false],
  ['Impersonate', false],
  ['X-Impersonate-User', false],
  ['Authorization', false],
];

for (const [name, found] of inbound) {
  t.test(`${name} ${found ? 'is' : 'is not'} an attempt to impersonate`, async (t) => {
    t.equal(
      findInboundImpersonation(['Host', 'Impersonate-User', name, 'x', 'Accept', '*/*']),
      found ? name : undefined,
    );
  });
}
