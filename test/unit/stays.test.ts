import t from 'tap';
import { NO_EVIDENCE, objection } from '../../src/authn/outcome.ts';
import type { Exchange } from '../../src/exchange.ts';
import type { Generation } from '../../src/generation.ts';
import { freezeUserInfo } from '../../src/kube/userinfo.ts';
import { createStays, OBJECTORS } from '../../src/stays.ts';

// Everybody who is in is looked at after a reload; who may not stay is shown out with what was objected, and what can't be judged may not stay.

const exchange = (more: Partial<Exchange> = {}): Exchange =>
  ({
    user: freezeUserInfo({ username: 'system:anonymous' }),
    evidence: NO_EVIDENCE,
    target: { path: '/livez' },
    generation: { config: { authentication: { jwt: [] } } },
    ...more,
  }) as unknown as Exchange;

const generation = (more: Partial<Generation> = {}): Generation =>
  ({
    rules: undefined,
    isTrusted: () => false,
    anonymous: () => freezeUserInfo({ username: 'system:anonymous' }),
    authenticator: { objectionTo: () => undefined },
    ...more,
  }) as unknown as Generation;

function look(one: Exchange, next: Generation, objectors = OBJECTORS) {
  const ended: unknown[] = [];
  const stays = createStays(objectors);
  stays.add(one, (detail, status) => ended.push({ detail, told: JSON.parse(status).message }));
  return { count: stays.review(next), ended };
}

t.test('callers without a credential stay as long as their path is open to such', async (t) => {
  t.same(look(exchange(), generation()), { count: 0, ended: [] });
  t.match(look(exchange(), generation({ anonymous: () => undefined })), {
    count: 1,
    ended: [{ detail: /callers without a credential are not let in/ }],
  });
});

t.test(
  'the authenticator is asked about everybody else, and its first objection is the reason',
  async (t) => {
    const known = exchange({ evidence: { ...NO_EVIDENCE, door: 'aws' } });
    const asked: unknown[] = [];
    const next = generation({
      authenticator: {
        objectionTo: (entrant: unknown, peer: unknown) => {
          asked.push(entrant, peer);
          return objection('why', 'so');
        },
      } as unknown as Generation['authenticator'],
    });
    t.same(look(known, next), {
      count: 1,
      ended: [
        { detail: 'why', told: 'The session has ended because so. Ask the administrator of this gate.' },
      ],
    });
    t.match(asked, [{ evidence: { door: 'aws' }, config: { jwt: [] } }, { peerTrusted: false }]);
  },
);

t.test('who was never anybody is not looked at', async (t) => {
  t.same(look(exchange({ user: undefined }), generation({ anonymous: () => undefined })).count, 0);
});

t.test('what can not be judged may not stay', async (t) => {
  const broken = () => {
    throw new Error('broken');
  };
  t.match(look(exchange(), generation(), [broken]), {
    count: 1,
    ended: [{ detail: 'it could not be judged under the new configuration', told: /no longer accepts/ }],
  });
});

t.test('who has left is forgotten', async (t) => {
  const stays = createStays();
  const leave = stays.add(exchange(), () => t.fail('is gone'));
  t.equal([...stays.open].length, 1);
  leave();
  t.equal([...stays.open].length, 0);
  t.equal(stays.review(generation({ anonymous: () => undefined })), 0);
});

t.test('who was on their way in when everybody was looked at is looked at when they are in', async (t) => {
  const closed = generation({ anonymous: () => undefined });
  const stays = createStays();
  stays.review(closed);
  const ended: string[] = [];
  const leave = stays.add(exchange(), () => ended.push('left before'));
  leave();
  stays.add(exchange({ generation: closed }), () => ended.push('of the same configuration'));
  stays.add(exchange(), (detail) => ended.push(detail));
  t.same(ended, [], 'not before whoever lets them in is done with that');
  await new Promise(setImmediate);
  t.match(ended, [/callers without a credential are not let in/]);
});
