import fc from 'fast-check';
import t from 'tap';
import { PLACE_KINDS, type Place, type PlaceKind, Places, WAIT_MS } from '../../../src/admission/places.ts';
import { Turns } from '../../../src/admission/turns.ts';
import { GateError } from '../../../src/errors.ts';
import { holdsInTime } from '../../properties.ts';

// Places of users: who is in, who waits, who is refused, and that everything comes back, whatever the order of coming and going.

const ROOM: Readonly<Record<PlaceKind, number>> = { requests: 3, watches: 2, sessions: 1 };

/** Places on a clock and a loop that the test moves. */
function makePlaces(room: Readonly<Record<PlaceKind, number>> = ROOM) {
  let now = 0;
  const due: (() => void)[] = [];
  const refused: PlaceKind[] = [];
  const turns = new Turns((act) => due.push(act));
  const places = new Places({
    roomOf: (kind) => room[kind],
    turns,
    elapsed: () => now,
    onRefused: (kind) => refused.push(kind),
  });
  return {
    places,
    refused,
    /** Time goes by, and a sweep comes. */
    pass(ms: number) {
      now += ms;
      places.sweep();
    },
    /** @returns whether there was a turn to take */
    turn(): boolean {
      const act = due.shift();
      act?.();
      return act !== undefined;
    },
  };
}

/** How a request fares: at once `in`, else `waiting` until its promise says. */
function follow(place: Place) {
  const one = { place, is: place.pending === undefined ? 'in' : 'waiting' };
  place.pending?.then(
    () => {
      one.is = 'in';
    },
    (error: unknown) => {
      one.is = error instanceof GateError ? error.code : 'another error';
    },
  );
  return one;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

t.test(
  'as many as there is room for are in at once; one more waits, and is in when one of them leaves',
  async (t) => {
    const { places, turn } = makePlaces();
    const three = [1, 2, 3].map(() => follow(places.enter('ann', 'requests')));
    const fourth = follow(places.enter('ann', 'requests'));
    t.same(
      [...three, fourth].map(({ is }) => is),
      ['in', 'in', 'in', 'waiting'],
    );
    turn();
    three[0]?.place.leave();
    turn();
    await settle();
    t.equal(fourth.is, 'in');
    t.equal(places.waiting, 0);
  },
);

for (const [kind, code] of [
  ['requests', 'TOO_MANY_REQUESTS'],
  ['watches', 'TOO_MANY_WATCHES'],
  ['sessions', 'TOO_MANY_SESSIONS'],
] as const) {
  t.test(`who has waited for a place among ${kind} for ${WAIT_MS} ms is refused with ${code}`, async (t) => {
    const { places, pass, turn, refused } = makePlaces();
    for (let i = 0; i < ROOM[kind]; i++) places.enter('ann', kind);
    const late = follow(places.enter('ann', kind));
    turn();
    pass(WAIT_MS - 1);
    while (turn());
    await settle();
    t.equal(late.is, 'waiting');
    pass(1);
    while (turn());
    await settle();
    t.equal(late.is, code);
    t.same(refused, [kind]);
    late.place.leave();
    t.equal(places.waiting, 0);
  });
}

t.test('kinds are counted each by itself, and users too', async (t) => {
  const { places } = makePlaces();
  for (let i = 0; i < 3; i++) places.enter('ann', 'requests');
  t.equal(places.enter('ann', 'watches').pending, undefined);
  t.equal(places.enter('ann', 'sessions').pending, undefined);
  t.equal(places.enter('bob', 'requests').pending, undefined);
});

t.test(
  'while somebody else is there, the third request of a user begins in a turn of the loop, and users take turns',
  async (t) => {
    const { places, turn } = makePlaces({ ...ROOM, requests: 100 });
    const alone = [1, 2, 3, 4].map(() => follow(places.enter('ann', 'requests')));
    t.same(
      alone.map(({ is }) => is),
      ['in', 'in', 'in', 'in'],
      'nobody else is there',
    );
    t.equal(places.enter('bob', 'requests').pending, undefined);
    const anns = [1, 2, 3].map(() => follow(places.enter('ann', 'requests')));
    t.equal(places.enter('bob', 'requests').pending, undefined);
    const bobs = [follow(places.enter('bob', 'requests'))];
    turn();
    await settle();
    t.same(
      [anns, bobs].map((all) => all.filter(({ is }) => is === 'in').length),
      [1, 0],
    );
    turn();
    await settle();
    t.same(
      [anns, bobs].map((all) => all.filter(({ is }) => is === 'in').length),
      [1, 1],
      'bob, before the next of ann',
    );
    while (turn());
    await settle();
    t.same(
      [anns, bobs].map((all) => all.filter(({ is }) => is === 'in').length),
      [3, 1],
    );
  },
);

t.test('a user who has left is forgotten after a while', async (t) => {
  const { places, pass } = makePlaces();
  const place = places.enter('ann', 'requests');
  pass(60_000);
  t.equal(places.users, 1, 'there for as long as something is open');
  place.leave();
  pass(100);
  t.equal(places.users, 1);
  pass(1000);
  t.equal(places.users, 0);
});

t.test('a limit that was raised by a reload lets in who waits', async (t) => {
  const room = { ...ROOM };
  const { places, pass, turn } = makePlaces(room);
  for (let i = 0; i < 3; i++) places.enter('ann', 'requests');
  const fourth = follow(places.enter('ann', 'requests'));
  while (turn());
  room.requests = 4;
  pass(100);
  while (turn());
  await settle();
  t.equal(fourth.is, 'in');
});

type Deed =
  | { readonly does: 'enter'; readonly user: number; readonly kind: PlaceKind }
  | { readonly does: 'leave'; readonly which: number }
  | { readonly does: 'turn' }
  | { readonly does: 'pass'; readonly ms: number };

const deed = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('enter' as const),
      user: fc.nat(2),
      kind: fc.constantFrom(...PLACE_KINDS),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('leave' as const), which: fc.nat(1000) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pass' as const), ms: fc.nat(1500) }) },
);

t.test(
  'whatever the order: nobody is over the room, and what is left once or twice leaves nothing behind',
  async () => {
    await holdsInTime(
      fc.asyncProperty(fc.array<Deed>(deed, { maxLength: 200 }), async (deeds) => {
        const { places, pass, turn } = makePlaces();
        const all: { user: number; kind: PlaceKind; one: ReturnType<typeof follow>; left: boolean }[] = [];
        for (const one of deeds) {
          if (one.does === 'enter')
            all.push({ ...one, one: follow(places.enter(String(one.user), one.kind)), left: false });
          else if (one.does === 'leave') {
            const chosen = all[one.which % Math.max(1, all.length)];
            chosen?.one.place.leave();
            if (chosen !== undefined) chosen.left = true;
          } else if (one.does === 'turn') turn();
          else pass(one.ms);
          await Promise.resolve();
          await Promise.resolve();
          for (const user of [0, 1, 2])
            for (const kind of PLACE_KINDS) {
              const inside = all.filter(
                (it) => it.user === user && it.kind === kind && it.one.is === 'in' && !it.left,
              );
              if (inside.length > ROOM[kind]) throw new Error(`${inside.length} of ${kind} are in`);
            }
        }
        for (const { one } of all) one.place.leave();
        while (turn());
        await settle();
        pass(1);
        pass(1001);
        if (places.waiting !== 0) throw new Error(`${places.waiting} wait`);
        if (places.users !== 0) throw new Error(`${places.users} users are left`);
      }),
      { numRuns: 300 },
    );
  },
);
