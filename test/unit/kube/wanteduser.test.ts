import t from 'tap';
import { askedLines } from '../../../src/kube/impersonation.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';
import {
  effectiveGroups,
  MAX_WANTED_VALUES,
  readWantedUser,
  resultingGroups,
  serviceAccountOf,
} from '../../../src/kube/wanteduser.ts';

// protocol.md §4.5; k8s.io/apiserver v0.36.3 endpoints/filters/impersonation: impersonation_test.go TestImpersonationFilter for what is read,
// and what it ignores or takes the first of is refused here.
type Wanted = Parameters<typeof freezeUserInfo>[0];
const readable: readonly (readonly [what: string, lines: readonly string[], user: Wanted])[] = [
  ['a name', ['Impersonate-User', 'bob'], { username: 'bob' }],
  ['in any case of the header', ['IMPERSONATE-user', 'bob'], { username: 'bob' }],
  [
    'a group a line, a comma is part of it, one that is there twice counts once',
    [
      'Impersonate-Group',
      'g1',
      'Impersonate-User',
      'bob',
      'Impersonate-Group',
      'g,2',
      'Impersonate-Group',
      'g1',
    ],
    { username: 'bob', groups: ['g1', 'g,2'] },
  ],
  ['a uid', ['Impersonate-User', 'bob', 'Impersonate-Uid', '0-1'], { username: 'bob', uid: '0-1' }],
  [
    'values of one extra, in order, whatever the case of its header',
    ['Impersonate-User', 'b', 'Impersonate-Extra-Scopes', 'x', 'impersonate-extra-scopes', 'y z'],
    { username: 'b', extra: { scopes: ['x', 'y z'] } },
  ],
  [
    'an escaped key',
    ['Impersonate-User', 'b', 'Impersonate-Extra-example.com%2fescaped%e1%9b%84scopes', 'x'],
    { username: 'b', extra: { 'example.com/escapedᛄscopes': ['x'] } },
  ],
  [
    'a key whose escapes are none stays as it is',
    ['Impersonate-User', 'b', 'Impersonate-Extra-almost%zzpercent%xxencoded', 'x'],
    { username: 'b', extra: { 'almost%zzpercent%xxencoded': ['x'] } },
  ],
  [
    'a key that JavaScript has plans for',
    ['Impersonate-User', 'b', 'Impersonate-Extra-__proto__', 'x'],
    {
      username: 'b',
      extra: Object.fromEntries([['__proto__', ['x']]]),
    },
  ],
  ['UTF-8', ['Impersonate-User', 'zo\xc3\xab'], { username: 'zoë' }],
  [
    'what begins with system:',
    ['Impersonate-User', 'system:admin', 'Impersonate-Group', 'system:masters'],
    {
      username: 'system:admin',
      groups: ['system:masters'],
    },
  ],
];
for (const [what, lines, user] of readable) {
  t.test(`${what} is read, and goes on as it was asked for`, async (t) => {
    const read = readWantedUser(['Host', 'x', ...lines, 'Accept', '*/*']);
    t.same(read, { ok: true, user: freezeUserInfo(user) });
    if (!read.ok) return;
    t.same(Object.keys(read.user.extra), Object.keys(user.extra ?? {}));
    // What goes on, read again, is the same user.
    t.same(readWantedUser(askedLines(read.user)), read);
  });
}

const unreadable: readonly (readonly [what: string, lines: readonly string[], detail: RegExp])[] = [
  ['a group without a user', ['Impersonate-Group', 'g'], /Impersonate-User is missing/],
  ['a uid without a user', ['Impersonate-Uid', '1'], /Impersonate-User is missing/],
  ['an extra without a user', ['Impersonate-Extra-a', '1'], /Impersonate-User is missing/],
  // The API server would run the request as its sender.
  ['a blank user', ['Impersonate-User', ''], /Impersonate-User is blank/],
  ['a user of spaces', ['Impersonate-User', '  '], /Impersonate-User is blank/],
  [
    'two users',
    ['Impersonate-User', 'a', 'Impersonate-User', 'b'],
    /Impersonate-User is there more than once/,
  ],
  ['the same user twice', ['Impersonate-User', 'a', 'impersonate-user', 'a'], /more than once/],
  [
    'two uids',
    ['Impersonate-User', 'a', 'Impersonate-Uid', '1', 'Impersonate-Uid', '1'],
    /Impersonate-Uid is there/,
  ],
  ['a blank uid', ['Impersonate-User', 'a', 'Impersonate-Uid', ''], /Impersonate-Uid is blank/],
  ['a blank group', ['Impersonate-User', 'a', 'Impersonate-Group', ''], /Impersonate-Group is blank/],
  [
    'a blank extra',
    ['Impersonate-User', 'a', 'Impersonate-Extra-k', ''],
    /an Impersonate-Extra header is blank/,
  ],
  ['an extra without key', ['Impersonate-User', 'a', 'Impersonate-Extra-', 'x'], /an extra key is empty/],
  ['a key with capitals', ['Impersonate-User', 'a', 'Impersonate-Extra-%4bey', 'x'], /not lower-case/],
  [
    'a key that is not UTF-8',
    ['Impersonate-User', 'a', 'Impersonate-Extra-%ff', 'x'],
    /an extra key is empty|not UTF-8/,
  ],
  ['a value that is not UTF-8', ['Impersonate-User', 'a\xff'], /Impersonate-User is not UTF-8/],
  ['a tab in a name', ['Impersonate-User', 'a\tb'], /holds a control character/],
  [
    'another header of that kind',
    ['Impersonate-User', 'a', 'Impersonate-Whatever', 'x'],
    /no header of Kubernetes/,
  ],
  ['an underscore', ['Impersonate_User', 'a'], /no header of Kubernetes/],
  [
    'an underscore beside a good one',
    ['Impersonate-User', 'a', 'Impersonate-Extra_k', 'x'],
    /no header of Kubernetes/,
  ],
];
for (const [what, lines, detail] of unreadable) {
  t.test(`${what} is refused`, async (t) => {
    const read = readWantedUser(lines);
    t.match(read, { ok: false, why: 'malformed', detail });
  });
}

t.test('S40: what is too much is not even read', async (t) => {
  const groups = (count: number) =>
    Array.from({ length: count }, (_, i) => ['Impersonate-Group', `g${i}`]).flat();
  t.match(readWantedUser(['Impersonate-User', 'a', ...groups(MAX_WANTED_VALUES - 1)]), { ok: true });
  t.match(readWantedUser(['Impersonate-User', 'a', ...groups(MAX_WANTED_VALUES)]), {
    ok: false,
    why: 'too many',
  });
});

// mode.go authorizeUsername and ensureGroup; impersonation_test.go for service accounts and system:anonymous.
const groups: readonly (readonly [user: Wanted, resulting: readonly string[], seen: readonly string[]])[] = [
  [{ username: 'bob' }, [], ['system:authenticated']],
  [{ username: 'bob', groups: ['g'] }, ['g'], ['g', 'system:authenticated']],
  [{ username: 'bob', groups: ['system:authenticated'] }, ['system:authenticated'], ['system:authenticated']],
  [
    { username: 'bob', groups: ['system:unauthenticated'] },
    ['system:unauthenticated'],
    ['system:unauthenticated'],
  ],
  [{ username: 'system:anonymous' }, [], ['system:unauthenticated']],
  [
    { username: 'system:serviceaccount:ns:sa' },
    ['system:serviceaccounts', 'system:serviceaccounts:ns'],
    ['system:authenticated'],
  ],
  [{ username: 'system:serviceaccount:ns:sa', groups: ['g'] }, ['g'], ['g', 'system:authenticated']],
  [{ username: 'system:serviceaccount:ns' }, [], ['system:authenticated']],
];
for (const [given, resulting, seen] of groups) {
  const user = freezeUserInfo(given);
  t.test(`groups of ${user.username} with [${user.groups}]`, async (t) => {
    t.same(resultingGroups(user), resulting);
    t.same(effectiveGroups(user), seen);
  });
}

// apiserver pkg/authentication/serviceaccount util_test.go
const accounts: readonly (readonly [username: string, parts: readonly string[] | undefined])[] = [
  ['system:serviceaccount:ns:sa', ['ns', 'sa']],
  ['system:serviceaccount:ns:s.a-1', ['ns', 's.a-1']],
  ['system:serviceaccount:ns', undefined],
  ['system:serviceaccount:ns:', undefined],
  ['system:serviceaccount::sa', undefined],
  ['system:serviceaccount:ns:sa:more', undefined],
  ['system:serviceaccount:n.s:sa', undefined],
  ['system:serviceaccount:ns:s..a', undefined],
  ['system:serviceaccount:NS:sa', undefined],
  [`system:serviceaccount:${'n'.repeat(64)}:sa`, undefined],
  ['serviceaccount:ns:sa', undefined],
];
for (const [username, parts] of accounts) {
  t.test(`${username} is ${parts === undefined ? 'no' : 'a'} service account`, async (t) => {
    const found = serviceAccountOf(username);
    t.same(found && [found.namespace, found.name], parts);
  });
}
