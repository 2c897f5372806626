import t from 'tap';
import { MAX_GROUPS } from '../../../src/authn/identity.ts';
import { CLAIM_RULES } from '../../fakes/authn.ts';
import { label, mapClaims, rules } from './claimrules.ts';

// Groups of a token: what is one, what is refused, and what Entra leaves out.

t.test('groups: a string is one, an array is one per element, nothing is split', async (t) => {
  // oidc.go stringOrArray; field-lessons.md S8, P23; protocol.md §4.5
  const cases: readonly (readonly [
    groups: unknown,
    expected: readonly string[] | string,
    prefix?: string,
  ])[] = [
    [undefined, []],
    [null, []],
    [[], []],
    ['devs', ['devs']],
    ['', []],
    [
      ['b', 'a', 'b'],
      ['b', 'a', 'b'],
    ],
    [['', 'a', ''], ['a']],
    [[null], []],
    [[''], ['oidc:'], 'oidc:'],
    [[null, 'a'], ['oidc:', 'oidc:a'], 'oidc:'],
    ['', ['oidc:'], 'oidc:'],
    [['x,system:masters'], ['x,system:masters']],
    [['caf\u00e9'], ['caf\u00e9']],
    [['system:masters'], ['oidc:system:masters'], 'oidc:'],
    [['system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
    [['a', 'system:nodes'], 'TOKEN_SYSTEM_IDENTITY'],
    ['system:serviceaccounts', 'TOKEN_SYSTEM_IDENTITY'],
    [['system:unauthenticated'], 'TOKEN_SYSTEM_IDENTITY'],
    [['system:authenticated'], 'TOKEN_SYSTEM_IDENTITY'],
    [['masters'], 'TOKEN_SYSTEM_IDENTITY', 'system:'],
    [[' system:masters'], 'TOKEN_CLAIMS'],
    [['system:masters '], 'TOKEN_CLAIMS'],
    [['   '], 'TOKEN_CLAIMS'],
    [['a\r\nb'], 'TOKEN_CLAIMS'],
    [['a\ud800'], 'TOKEN_CLAIMS'],
    [[1], 'TOKEN_CLAIMS'],
    [[['a']], 'TOKEN_CLAIMS'],
    [[{}], 'TOKEN_CLAIMS'],
    [7, 'TOKEN_CLAIMS'],
    [false, 'TOKEN_CLAIMS'],
    [{ a: 1 }, 'TOKEN_CLAIMS'],
  ];
  for (const [groups, expected, prefix = ''] of cases) {
    const given = { name: 'jane', ...(groups === undefined ? {} : { groups }) };
    const mapped = mapClaims(given, rules('name', '', prefix));
    t.same(mapped.kind === 'user' ? mapped.user.groups : mapped.code, expected, `${prefix}${label(groups)}`);
  }
  const none = { ...CLAIM_RULES.claimMappings, groups: { claim: '', prefix: '', expression: '' } };
  t.match(mapClaims({ email: 'j', sub: 's', groups: 7 }, { ...CLAIM_RULES, claimMappings: none }), {
    user: { groups: [] },
  });
});

t.test('too many groups, or too long ones, are refused with their count', async (t) => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `group-${i}`);
  t.match(mapClaims({ name: 'j', groups: many(MAX_GROUPS) }, rules('name')), { kind: 'user' });
  t.match(mapClaims({ name: 'j', groups: [...many(MAX_GROUPS), 'group-0'] }, rules('name')), {
    code: 'TOKEN_CLAIMS',
    detail: /2001 groups/,
  });
  t.match(mapClaims({ name: 'j', groups: many(5000) }, rules('name')), {
    code: 'TOKEN_CLAIMS',
    detail: /5000 groups, allowed are 2000/,
  });
  t.match(mapClaims({ name: 'j', groups: many(1900) }, rules('name', '', 'x'.repeat(300))), {
    code: 'TOKEN_CLAIMS',
    detail: /1900 groups/,
  });
});

t.test('systemIdentities: Allow lets names and groups of the system through', async (t) => {
  const allow = { ...CLAIM_RULES, systemIdentities: 'Allow' as const };
  t.match(mapClaims({ email: 'system:admin', sub: 's', groups: ['system:masters'] }, allow), {
    user: { username: 'system:admin', groups: ['system:masters'] },
  });
});

t.test("Entra's groups overage is told apart from having no groups", async (t) => {
  const graph = (host: string) => ({
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: `https://${host}/v1.0/users/1/getMemberObjects` } },
  });
  const overage = 'TOKEN_GROUPS_OVERAGE';
  const cases: readonly (readonly [string, object, readonly string[] | string])[] = [
    ['pointed to at Graph', graph('graph.microsoft.com'), overage],
    ['pointed to at its predecessor', graph('graph.windows.net'), overage],
    ['pointed to in a national cloud', graph('microsoftgraph.chinacloudapi.cn'), overage],
    ['the name of the source as the claim', { ...graph('graph.windows.net'), groups: 'src1' }, overage],
    ['hasgroups in their place', { hasgroups: true }, overage],
    ['hasgroups beside them', { hasgroups: true, groups: ['a'] }, ['a']],
    ['hasgroups: false', { hasgroups: false }, []],
    ['listed, and pointed to', { ...graph('graph.microsoft.com'), groups: ['a'] }, ['a']],
    ['a group with the name of a source elsewhere', { ...graph('x.example'), groups: 'src1' }, ['src1']],
    ['a host that only ends so', { ...graph('xgraph.microsoft.com'), groups: 'src1' }, ['src1']],
  ];
  for (const [name, claims, expected] of cases) {
    const mapped = mapClaims({ name: 'j', ...claims }, rules('name'));
    t.same(mapped.kind === 'user' ? mapped.user.groups : mapped.code, expected, name);
  }
  const roles = { claim: 'roles', prefix: '', expression: '' };
  const byRole = { ...CLAIM_RULES, claimMappings: { ...CLAIM_RULES.claimMappings, groups: roles } };
  t.match(
    mapClaims(
      { email: 'j', sub: 's', roles: ['ops'], hasgroups: true, ...graph('graph.windows.net') },
      byRole,
    ),
    { user: { groups: ['ops'] } },
    'app roles are the way out of it',
  );
  t.match(mapClaims({ email: 'j', sub: 's', hasgroups: true }, byRole), { user: { groups: [] } });
});
