import t from 'tap';
import { requestHeaderLines } from '../../../src/kube/requestheader.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';

type User = Parameters<typeof freezeUserInfo>[0];

// protocol.md §4.4; k8s.io/apiserver v0.36.3 pkg/authentication/request/headerrequest requestheader_test.go, read the other way round.
const carried: readonly (readonly [what: string, user: User, lines: readonly string[]])[] = [
  ['a name alone is one line', { username: 'alice' }, ['X-Remote-User', 'alice']],
  [
    'groups are lines of their own, and a comma is part of one',
    { username: 'alice', uid: '1', groups: ['g1', 'g,2'] },
    ['X-Remote-User', 'alice', 'X-Remote-Uid', '1', 'X-Remote-Group', 'g1', 'X-Remote-Group', 'g,2'],
  ],
  [
    'keys are escaped, values are not',
    { username: 'a', extra: { 'example.com/x': ['1', 'b%2F'], '50%': ['2'] } },
    [
      ...[
        'X-Remote-User',
        'a',
        'X-Remote-Extra-example.com%2Fx',
        '1',
        'X-Remote-Extra-example.com%2Fx',
        'b%2F',
      ],
      ...['X-Remote-Extra-50%25', '2'],
    ],
  ],
  ['UTF-8 bytes as latin1', { username: 'zoë' }, ['X-Remote-User', 'zo\xc3\xab']],
  // The API server adds no groups here, so nothing has to keep it from doing so.
  [
    'a service account',
    { username: 'system:serviceaccount:a:b' },
    ['X-Remote-User', 'system:serviceaccount:a:b'],
  ],
];
for (const [what, user, lines] of carried) {
  t.test(what, async (t) => t.same(requestHeaderLines(freezeUserInfo(user)), lines));
}

const refused: readonly (readonly [what: string, user: User])[] = [
  ['an empty name, which would mean nobody', { username: '' }],
  ['a blank name', { username: '  ' }],
  ['white space at an end', { username: 'admin ' }],
  ['an empty group, which the API server leaves out', { username: 'a', groups: [''] }],
  ['a line end', { username: 'a', groups: ['b\r\nX-Remote-Group: system:masters'] }],
  ['half a character', { username: 'a', uid: '\ud800' }],
  ['a key with capitals', { username: 'a', extra: { Scopes: ['x'] } }],
  ['an empty key', { username: 'a', extra: { '': ['x'] } }],
];
for (const [what, user] of refused) {
  t.test(`${what} cannot be carried`, async (t) => {
    t.throws(() => requestHeaderLines(freezeUserInfo(user)), { name: 'TypeError' });
  });
}
