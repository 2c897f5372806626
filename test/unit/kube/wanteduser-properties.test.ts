// What holds for any identity and any Impersonate-* lines: what is written is read as the same identity, and what is read would be written so that it
// is read again; else it is refused without a word of what it said.

import fc from 'fast-check';
import t from 'tap';
import { Uncarriable } from '../../../src/kube/headervalue.ts';
import { askedLines } from '../../../src/kube/impersonation.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';
import { readWantedUser } from '../../../src/kube/wanteduser.ts';
import { holds } from '../../properties.ts';

const unit = fc.constantFrom(
  'a',
  'B',
  '%',
  '2f',
  ':',
  '/',
  ' ',
  'é',
  '\u00a0',
  '\u0085',
  '\n',
  '\ud83d',
  '😀',
  ',',
  '=',
);
const text = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[a-z%:/é😀,=]{1,5}$/u) },
  { weight: 1, arbitrary: fc.string({ unit, maxLength: 6 }) },
);
const identity = fc.record({
  username: text,
  uid: text,
  groups: fc.uniqueArray(text, { maxLength: 3 }),
  extra: fc.dictionary(text, fc.array(text, { minLength: 1, maxLength: 2 }), { maxKeys: 3 }),
});

t.test('an identity that is written is read as the same one, or was not written', async (t) => {
  let written = 0;
  holds(
    fc.property(identity, (given) => {
      const user = freezeUserInfo(given);
      let lines: string[];
      try {
        lines = askedLines(user);
      } catch (error) {
        return error instanceof Uncarriable;
      }
      written++;
      const read = readWantedUser(lines);
      // An empty extra value is written, and refused when a caller asks for it.
      if (Object.values(given.extra).flat().includes('')) return true;
      return read.ok && JSON.stringify(read.user) === JSON.stringify(user);
    }),
    { numRuns: 2000 },
  );
  t.ok(written > 200, `${written} were written`);
});

t.test(
  'any lines are an identity that could be asked for again, or refused without their values',
  async () => {
    const name = fc.constantFrom(
      ...[
        'Impersonate-User',
        'impersonate-group',
        'Impersonate-Uid',
        'Impersonate-Extra-a',
        'Impersonate-Extra-%2f',
      ],
      ...[
        'IMPERSONATE_USER',
        ' Impersonate-User',
        'Impersonate-Extra-',
        'Impersonate-Extra-%zz',
        'Accept',
        'Impersonate',
      ],
    );
    const canary = fc.constantFrom('canary', 'canary\xe9', ' canary', 'canary\xc3\xa9', '');
    holds(
      fc.property(fc.array(fc.tuple(name, canary), { maxLength: 5 }), (pairs) => {
        const read = readWantedUser(pairs.flat());
        if (!read.ok) return !read.detail.includes('canary');
        const again = readWantedUser(askedLines(read.user));
        const asked = pairs.filter(([one]) => /^impersonate-/i.test(one)).length;
        const { groups, extra } = read.user;
        const isSpelled = !pairs.some(([one]) => /impersonate_| impersonate/i.test(one));
        const isWhole = asked >= 1 + groups.length + Object.values(extra).flat().length;
        const named = pairs.filter(([one]) => /^impersonate-(user|uid)$/i.test(one)).map(([one]) => one);
        const isOnce = new Set(named).size === named.length;
        const isAsItWas = !pairs.some(([one, its]) => /^impersonate-/i.test(one) && its.trim() !== its);
        return (
          isOnce &&
          isAsItWas &&
          isSpelled &&
          isWhole &&
          again.ok &&
          JSON.stringify(again.user) === JSON.stringify(read.user)
        );
      }),
      { numRuns: 2000 },
    );
  },
);
