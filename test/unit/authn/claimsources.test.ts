import t from 'tap';
import { findClaimSource } from '../../../src/authn/claimsources.ts';

const names = { groups: 's' };
const endpoint = { endpoint: 'https://x.example/g', access_token: 'a' };

t.test('a claim is in the token, at an endpoint, or nowhere', async (t) => {
  // oidc.go claimResolver.expand; go-oidc v2.5.0 verify.go; oidc_test.go "groups-distributed…", "group-string-claim-aggregated-not-supported"
  const cases: readonly (readonly [string, object, string])[] = [
    ['no names', {}, 'none'],
    ['named and there', { _claim_names: names, _claim_sources: { s: endpoint } }, 'endpoint'],
    [
      'without access token',
      { _claim_names: names, _claim_sources: { s: { endpoint: 'https://x' } } },
      'endpoint',
    ],
    ['the token has it too', { groups: [], _claim_names: names, _claim_sources: { s: endpoint } }, 'none'],
    ['the token has null', { groups: null, _claim_names: names, _claim_sources: { s: endpoint } }, 'none'],
    ['another claim is named', { _claim_names: { x: 's' }, _claim_sources: { s: endpoint } }, 'none'],
    ['aggregated', { _claim_names: names, _claim_sources: { s: { JWT: 'a.b.c' } } }, 'none'],
    ['an empty source', { _claim_names: names, _claim_sources: { s: {} } }, 'none'],
    ['a null source', { _claim_names: names, _claim_sources: { s: null } }, 'none'],
    ['sources alone', { _claim_sources: { s: endpoint } }, 'none'],
    ['an inherited name', { _claim_names: { x: 's' }, _claim_sources: { s: {} } }, 'none'],
    ['names are a string', { _claim_names: 'groups', _claim_sources: { s: endpoint } }, 'malformed'],
    ['names are a list', { _claim_names: ['groups'], _claim_sources: { s: endpoint } }, 'malformed'],
    ['a name is no string', { _claim_names: { groups: 1 }, _claim_sources: { s: endpoint } }, 'malformed'],
    ['a name is null', { _claim_names: { groups: null }, _claim_sources: { s: endpoint } }, 'malformed'],
    ['a name is empty', { _claim_names: { groups: '' }, _claim_sources: { '': endpoint } }, 'malformed'],
    ['names without sources', { _claim_names: names }, 'malformed'],
    ['no names and no sources', { _claim_names: null }, 'malformed'],
    ['another source', { _claim_names: names, _claim_sources: { t: endpoint } }, 'malformed'],
    [
      'another claim without source',
      { _claim_names: { x: 't' }, _claim_sources: { s: endpoint } },
      'malformed',
    ],
    ['an inherited source', { _claim_names: { groups: 'toString' }, _claim_sources: {} }, 'malformed'],
    ['sources are a string', { _claim_names: names, _claim_sources: 's' }, 'malformed'],
    ['a source is a string', { _claim_names: names, _claim_sources: { s: 'https://x' } }, 'malformed'],
    [
      'an endpoint is no string',
      { _claim_names: names, _claim_sources: { s: { endpoint: 1 } } },
      'malformed',
    ],
    [
      'an access token is no string',
      { _claim_sources: { s: { ...endpoint, access_token: {} } } },
      'malformed',
    ],
  ];
  for (const [name, claims, kind] of cases)
    t.equal(findClaimSource(claims as Record<string, unknown>, 'groups').kind, kind, name);
  t.same(findClaimSource({ _claim_names: names, _claim_sources: { s: endpoint } }, 'groups'), {
    kind: 'endpoint',
    url: 'https://x.example/g',
    accessToken: 'a',
  });
});

t.test('what is malformed is refused whether the claim is mapped or not', async (t) => {
  t.equal(findClaimSource({ _claim_names: { x: 't' } }, '').kind, 'malformed');
  t.equal(findClaimSource({ _claim_names: names, _claim_sources: { s: endpoint } }, '').kind, 'none');
});
