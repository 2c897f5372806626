import t from 'tap';
import {
  commonAudiences,
  readTokenReview,
  renderTokenReview,
  TOKEN_REVIEW_PATHS,
} from '../../../src/kube/tokenreview.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';

// protocol.md §4.6; k8s.io/api v0.36.3 authentication/v1 types.go.
const V1 = 'authentication.k8s.io/v1';
const V1BETA1 = 'authentication.k8s.io/v1beta1';
const review = (spec: unknown, more: object = {}) =>
  JSON.stringify({ apiVersion: V1, kind: 'TokenReview', metadata: {}, spec, ...more });

const readable: readonly (readonly [body: string, token: string, audiences: readonly string[]])[] = [
  [review({ token: 'a.b.c' }), 'a.b.c', []],
  [review({ token: 'a.b.c', audiences: ['x', 'y'] }), 'a.b.c', ['x', 'y']],
  [review({ token: 'a.b.c', audiences: null }), 'a.b.c', []],
  // As kube-apiserver writes it, with the fields of the answer empty.
  [review({ token: 't' }, { status: { user: {} } }), 't', []],
  [review({}), '', []],
];
for (const [body, token, audiences] of readable) {
  t.test(body, async (t) => t.same(readTokenReview(body, V1), { version: V1, token, audiences }));
}

const unreadable: readonly (readonly [body: string, why: RegExp])[] = [
  ['', /not JSON/],
  ['{', /not JSON/],
  ['null', /not a TokenReview/],
  ['[]', /not a TokenReview/],
  ['"SECRET"', /not a TokenReview/],
  [review({ token: 'SECRET' }, { kind: 'SubjectAccessReview' }), /not a TokenReview/],
  [review({ token: 'SECRET' }, { apiVersion: V1BETA1 }), /not of authentication\.k8s\.io\/v1/],
  [review({ token: ['SECRET'] }), /spec\.token is not a string/],
  [review({ token: 'SECRET', audiences: 'x' }), /spec\.audiences is not a list/],
  [review({ token: 'SECRET', audiences: [1] }), /spec\.audiences is not a list/],
  [review(undefined), /spec is missing/],
  [review('SECRET'), /spec is missing/],
];
for (const [body, why] of unreadable) {
  t.test(`refused: ${body}`, async (t) => {
    const read = readTokenReview(body, V1);
    t.match(read, why);
    t.notMatch(read, /SECRET/);
  });
}

t.test('an answer in the version that was asked in, without the token', async (t) => {
  const user = freezeUserInfo({ username: 'alice', uid: '1', groups: ['g'], extra: { 'a.b/c': ['d'] } });
  const yes = renderTokenReview(V1BETA1, { authenticated: true, user, audiences: ['x'] });
  t.same(JSON.parse(yes.toString()), {
    apiVersion: V1BETA1,
    kind: 'TokenReview',
    metadata: {},
    spec: {},
    status: {
      authenticated: true,
      user: { username: 'alice', uid: '1', groups: ['g'], extra: { 'a.b/c': ['d'] } },
      audiences: ['x'],
    },
  });
  const bare = renderTokenReview(V1, {
    authenticated: true,
    user: freezeUserInfo({ username: 'a' }),
    audiences: [],
  });
  t.same(JSON.parse(bare.toString()).status, { authenticated: true, user: { username: 'a' } });
  const no = renderTokenReview(V1, { authenticated: false, error: 'why' });
  t.same(JSON.parse(no.toString()).status, { authenticated: false, error: 'why' });
});

t.test('both versions have the paths that the API server gives them', async (t) => {
  t.same(
    [...TOKEN_REVIEW_PATHS],
    [
      ['/apis/authentication.k8s.io/v1/tokenreviews', V1],
      ['/apis/authentication.k8s.io/v1beta1/tokenreviews', V1BETA1],
    ],
  );
});

const audiences: readonly (readonly [
  asked: readonly string[],
  good: readonly string[],
  common: readonly string[],
])[] = [
  [[], ['api'], []],
  [['api'], ['api'], ['api']],
  [['vault', 'api'], ['api', 'postern'], ['api']],
  [['vault'], ['api'], []],
  [['api', 'api'], ['api'], ['api']],
  [['API'], ['api'], []],
];
for (const [asked, good, common] of audiences) {
  t.test(`audiences [${asked}] of [${good}]`, async (t) => t.same(commonAudiences(asked, good), common));
}
