// Resources mean what they mean in an audit policy: its algorithm, written here again as plainly as apiserver pkg/audit/policy/checker.go has
// it, agrees with ours about everything that fast-check thinks of.

import fc from 'fast-check';
import t from 'tap';
import { compilePaths, compileResources } from '../../../src/authz/resources.ts';
import type { ResourceCondition } from '../../../src/config/authzconfig.ts';
import { compilePatterns } from '../../../src/config/starpattern.ts';
import type { Attributes } from '../../../src/kube/attributes.ts';
import { holds } from '../../properties.ts';
import { facts } from './asking.ts';

const GET = 'GET /api/v1/namespaces/web';
type Row = readonly [
  patterns: readonly string[],
  request: string,
  matches: boolean,
  more?: Partial<ResourceCondition>,
];

const ROWS: readonly Row[] = [
  [['pods'], `${GET}/pods/p`, true],
  [['pods'], `${GET}/pods`, true],
  [['pods'], `${GET}/pods/p/log`, false],
  [['pods/log'], `${GET}/pods/p/log`, true],
  [['pods/log'], `${GET}/pods/p`, false],
  [['pods/*'], `${GET}/pods/p/log`, true],
  [['pods/*'], `${GET}/pods/p`, true], // as in audit policy
  [['*/log'], `${GET}/pods/p/log`, true],
  [['*/log'], `${GET}/pods/log`, false],
  [['*/scale'], 'GET /apis/apps/v1/namespaces/web/deployments/d/scale', false],
  [['*/scale'], 'GET /apis/apps/v1/namespaces/web/deployments/d/scale', true, { group: 'apps' }],
  [['*/scale'], 'GET /apis/apps/v1/namespaces/web/deployments/d/scale', true, { group: '*' }],
  [['*'], `${GET}/pods/p/exec`, true],
  [['*'], 'GET /apis/apps/v1/deployments', false],
  [[], 'GET /apis/apps/v1/deployments', true, { group: 'apps' }],
  [['services', 'pods'], `${GET}/pods`, true],
  [['podss'], `${GET}/pods`, false],
  [['pods/proxy'], 'GET /api/v1/proxy/namespaces/web/pods/p/x', true],
  [['pods'], `${GET}/pods/p`, true, { resourceNames: ['p'] }],
  [['pods'], `${GET}/pods/p`, false, { resourceNames: ['q'] }],
  [['pods'], `${GET}/pods/p-1`, true, { resourceNames: ['p-*'] }],
  [['pods'], `${GET}/pods`, false, { resourceNames: ['p'] }],
  [['pods'], `${GET}/pods?fieldSelector=metadata.name%3Dp`, true, { resourceNames: ['p'] }],
  [['*'], 'GET /metrics', false, { group: '*' }],
];

for (const [resources, request, matches, more] of ROWS) {
  const entry = { group: '', resourceNames: [], ...more, resources };
  t.test(`${JSON.stringify(entry)} ${matches ? 'is' : 'is not'} about ${request}`, async (t) => {
    t.equal(compileResources([entry])(facts(request).attributes), matches);
  });
}

/** ruleMatchesResource of the audit policy's checker, without namespaces. */
function auditMatches(entries: readonly ResourceCondition[], attributes: Attributes): boolean {
  const { apiGroup, resource, subresource, name } = attributes;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const { group, resources, resourceNames } of entries) {
    if (group !== apiGroup && group !== '*') continue;
    if (resources.length === 0) return true;
    for (const res of resources) {
      if (resourceNames.length > 0 && !resourceNames.includes(name)) continue;
      if (res === combined || res === '*') return true;
      if (subresource !== '' && res.startsWith('*/') && subresource === res.slice(2)) return true;
      if (res.endsWith('/*') && resource === res.slice(0, -2)) return true;
    }
  }
  return false;
}

const word = fc.constantFrom('pods', 'services', 'log', 'scale', 'exec', 'x');
const pattern = fc.oneof(
  word,
  fc.constant('*'),
  fc.tuple(word, word).map(([resource, subresource]) => `${resource}/${subresource}`),
  word.map((resource) => `${resource}/*`),
  word.map((subresource) => `*/${subresource}`),
);
const entry = fc.record({
  group: fc.constantFrom('', 'apps', '*'),
  resources: fc.array(pattern, { maxLength: 4 }),
  resourceNames: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
});
const attributes = fc
  .record({
    apiGroup: fc.constantFrom('', 'apps', 'other'),
    resource: word,
    subresource: fc.oneof(fc.constant(''), word),
    name: fc.constantFrom('', 'a', 'b', 'c'),
  })
  .map((some): Attributes => ({ ...facts('GET /api/v1/pods').attributes, ...some }));

t.test("it agrees with the audit policy's own algorithm", async (t) => {
  holds(
    fc.property(fc.array(entry, { maxLength: 3 }), attributes, (entries, asked) => {
      // With neither resources nor names an entry is about its whole group; names without resources are refused at load.
      const valid = entries.filter(
        ({ resources, resourceNames }) => resources.length > 0 || resourceNames.length === 0,
      );
      return compileResources(valid)(asked) === auditMatches(valid, asked);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('paths agree with pathMatches of the same file', async (t) => {
  const path = fc.stringMatching(/^\/[ab/]{0,6}$/);
  const spec = fc.oneof(
    path,
    path.map((one) => `${one}*`),
    fc.constant('*'),
  );
  const asked = facts('GET /metrics').attributes;
  holds(
    fc.property(fc.array(spec, { maxLength: 3 }), path, (specs, one) => {
      const expected = specs.some(
        (text) => text === '*' || text === one || (text.endsWith('*') && one.startsWith(text.slice(0, -1))),
      );
      return compilePaths(specs)({ ...asked, path: one }) === expected;
    }),
  );
  t.pass();
});

t.test('a star stands for any characters, none included, and for nothing else', async (t) => {
  const text = fc.string({ maxLength: 6 }).filter((one) => !one.includes('*'));
  holds(
    fc.property(text, text, text, (before, middle, after) => {
      const fits = compilePatterns([`${before}*${after}`]);
      return fits(before + middle + after) && fits(before + after);
    }),
  );
  holds(
    fc.property(text, text, text, (before, after, other) => {
      const literal = (part: string): string => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      const expected = new RegExp(`^${literal(before)}[^]*${literal(after)}$`).test(other);
      return compilePatterns([`${before}*${after}`])(other) === expected;
    }),
  );
  holds(fc.property(text, text, (one, other) => compilePatterns([one])(other) === (one === other)));
  t.notOk(compilePatterns(['ab*ba'])('aba'), 'both ends, not the same character twice');
  t.notOk(compilePatterns([])(''));
});
