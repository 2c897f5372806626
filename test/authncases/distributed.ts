// Groups that a token only points to: OpenID Connect Core §5.6.2, one source of claims per name.

import { type Claims, refused, type TokenMaker, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go claimResolver';
const entry = { claimMappings: { ...username('sub'), groups: { claim: 'groups', prefix: 'dir:' } } };

/** A token that points to an endpoint which answers with `body`. */
async function pointing(make: TokenMaker, name: string, jwt: string, status = 200): Promise<string> {
  const endpoint = make.publish(name, { status, body: jwt });
  return make.sign(sources({ endpoint, access_token: 'access' }));
}

function sources(source: object, more: Claims = {}): Claims {
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: source }, ...more };
}

/** Claims of the endpoint's JWT, which is for us but about nobody. */
const answer = (make: TokenMaker, claims: Claims) => make.sign({ sub: undefined, ...claims });

export const distributed: Topic = {
  name: 'distributed claims',
  scenarios: [
    {
      about: 'groups elsewhere',
      source: `${SOURCE}; oidc_test.go "groups-distributed …", "groups-prefix-distributed"`,
      entry,
      rows: [
        [
          'a list, with the prefix',
          async (make) => pointing(make, 'list', await answer(make, { groups: ['a', 'b'] })),
          user('jane', { groups: ['dir:a', 'dir:b'] }),
        ],
        [
          'a string',
          async (make) => pointing(make, 'string', await answer(make, { groups: 'a' })),
          user('jane', { groups: ['dir:a'] }),
        ],
        [
          'of another issuer',
          async (make) => pointing(make, 'other', await make.other.sign({ groups: ['a'] })),
          user('jane', { groups: ['dir:a'] }),
        ],
        [
          'the claim itself wins',
          ({ sign }) => sign(sources({ endpoint: 'https://127.0.0.1:1/' }, { groups: ['here'] })),
          user('jane', { groups: ['dir:here'] }),
        ],
        [
          'names of other claims only',
          { _claim_names: { other: 'src1' }, _claim_sources: { src1: { endpoint: 'https://127.0.0.1:1/' } } },
          user('jane'),
        ],
        [
          'an aggregated claim counts as none',
          async (make) => make.sign(sources({ JWT: await answer(make, { groups: ['a'] }) })),
          user('jane'),
        ],
        [
          'names without sources',
          { _claim_names: { groups: 'src1' } },
          refused('TOKEN_CLAIMS', 'source does not exist'),
        ],
        [
          'a source that is not there',
          { _claim_names: { groups: 'src2' }, _claim_sources: { src1: {} } },
          refused('TOKEN_CLAIMS', 'source does not exist'),
        ],
        [
          'names that are no object',
          { _claim_names: 'src1', _claim_sources: {} },
          refused('TOKEN_CLAIMS', 'failed to unmarshal claims'),
        ],
        [
          'sources that are no object',
          { _claim_names: { groups: 'src1' }, _claim_sources: ['src1'] },
          refused('TOKEN_CLAIMS', 'failed to unmarshal claims'),
        ],
        [
          'for somebody else',
          async (make) => pointing(make, 'aud', await answer(make, { aud: 'other', groups: ['a'] })),
          refused('TOKEN_CLAIMS', 'verify distributed claim token'),
        ],
        [
          'expired',
          async (make) => pointing(make, 'exp', await answer(make, { exp: make.now - 60, groups: ['a'] })),
          refused('TOKEN_CLAIMS', 'verify distributed claim token'),
        ],
        [
          'without the claim',
          async (make) => pointing(make, 'none', await answer(make, { roles: ['a'] })),
          refused('TOKEN_CLAIMS', 'did not contain claim'),
        ],
        [
          'no list of strings',
          async (make) => pointing(make, 'type', await answer(make, { groups: [7] })),
          refused('TOKEN_CLAIMS', 'parse groups claim'),
        ],
        [
          'not found',
          async (make) => pointing(make, 'lost', 'nothing here', 404),
          refused('TOKEN_CLAIMS', 'error while getting distributed claim JWT: 404'),
        ],
        [
          'no JWT',
          async (make) => pointing(make, 'text', 'groups are a, b'),
          refused('TOKEN_CLAIMS', 'getting untrusted issuer from endpoint'),
        ],
      ],
    },
    {
      about: 'no mapping of groups',
      source: SOURCE,
      entry: {},
      rows: [['nothing is fetched', sources({ endpoint: 'https://127.0.0.1:1/' }), user('jane')]],
    },
    {
      about: 'groups by expression',
      source: `${SOURCE}: only claimMappings.groups.claim is resolved`,
      entry: {
        claimMappings: { ...username('sub'), groups: { expression: "claims.?groups.orValue(['none'])" } },
      },
      rows: [
        [
          'nothing is fetched',
          sources({ endpoint: 'https://127.0.0.1:1/' }),
          user('jane', { groups: ['none'] }),
        ],
      ],
    },
  ],
};
