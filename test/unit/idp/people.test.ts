import t from 'tap';
import {
  claimsOf,
  classOf,
  findPerson,
  hasSecondFactor,
  PASSWORD_METHODS,
  PEOPLE,
  SECOND_FACTOR_METHODS,
} from '../../../src/idp/people.ts';

/** Who, by which methods, and the groups: the demo's facts. */
const GROUPS = [
  ['erin', PASSWORD_METHODS, ['engineers']],
  ['otto', PASSWORD_METHODS, ['engineers']],
  ['otto', SECOND_FACTOR_METHODS, ['engineers', 'oncall']],
  ['otto', ['pwd', 'otp'], ['engineers']],
  ['ada', PASSWORD_METHODS, ['auditors']],
] as const;

for (const [id, methods, groups] of GROUPS)
  t.test(`${id} by ${methods.join(' ')}`, async (t) => {
    const person = findPerson(id);
    if (person === undefined) throw new Error('no such person');
    t.match(claimsOf(person, methods), { sub: id, email: `${id}@example.com`, email_verified: true });
    t.same(claimsOf(person, methods)['groups'], groups);
  });

t.test('three people, one of them with a second factor', async (t) => {
  t.same(
    PEOPLE.map((person) => [person.id, hasSecondFactor(person)]),
    [
      ['erin', false],
      ['otto', true],
      ['ada', false],
    ],
  );
  t.equal(new Set(PEOPLE.map(({ password }) => password)).size, 3);
  for (const id of ['', 'Erin', 'bob', '__proto__', 'constructor']) t.equal(findPerson(id), undefined, id);
});

t.test('the class of a login follows its methods', async (t) => {
  t.equal(classOf(PASSWORD_METHODS), 'urn:postern:demo:acr:password');
  t.equal(classOf(SECOND_FACTOR_METHODS), 'urn:postern:demo:acr:second-factor');
});
