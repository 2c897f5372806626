import type { LookupAddress } from 'node:dns';
import t from 'tap';
import {
  createNames,
  LATE_MS,
  type LookupOutcome,
  lookupPlaces,
  MAX_STALE_MS,
  RECHECK_MS,
  type SystemLookup,
} from '../../src/names.ts';
import { makeTime } from '../fakes/time.ts';

// Names to addresses, with a resolver that answers when the test says so.

type Callback = Parameters<SystemLookup>[2];
const NO_SUCH = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
const NO_ANSWER = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
const v4 = (address: string): LookupAddress => ({ address, family: 4 });

function setUp(places = 2) {
  const time = makeTime(1_000);
  const asked: { readonly name: string; readonly callback: Callback }[] = [];
  const outcomes: LookupOutcome[] = [];
  const said: string[] = [];
  const { lookup, yieldingLookup } = createNames({
    places,
    lookup: (name, _options, callback) => asked.push({ name, callback }),
    now: time.clock.now,
    setTimer: time.setTimer,
    onLookup: (outcome) => outcomes.push(outcome),
    onStale: (name, { message }) => said.push(`${name}: ${message}`),
    onAnswered: (name) => said.push(`${name} answered`),
  });
  /** What a connection to `name` gets; undefined until it has something. */
  const connect = (name: string, by = lookup) => {
    const got: { value?: string } = {};
    by(name, { all: true }, (error, addresses) => {
      got.value = error?.code ?? (addresses as LookupAddress[]).map(({ address }) => address).join();
    });
    return got;
  };
  /** The resolver's answer to the oldest look-up of `name` that has none yet. */
  const answer = (name: string, told: string | Error) => {
    const at = asked.findIndex((one) => one.name === name);
    const [one] = at === -1 ? [] : asked.splice(at, 1);
    if (one === undefined) throw new Error(`${name} was not asked for`);
    if (typeof told === 'string') one.callback(null, [v4(told)]);
    else one.callback(told as NodeJS.ErrnoException, undefined as never);
  };
  /** A name that was answered. */
  const know = (name: string, address: string) => {
    connect(name);
    answer(name, address);
  };
  const names = () => asked.map(({ name }) => name);
  return { time, yieldingLookup, connect, answer, know, names, outcomes, said };
}
/** What is answered at once is answered in a microtask. */
const soon = () => Promise.resolve();

t.test('those who connect at the same time share one look-up', async (t) => {
  const { connect, answer, names, outcomes, time } = setUp();
  const all = Array.from({ length: 100 }, () => connect('api'));
  t.same(names(), ['api']);
  answer('api', '10.0.0.1');
  t.same(new Set(all.map(({ value }) => value)), new Set(['10.0.0.1']));
  t.equal(outcomes.length, 100);
  t.same(time.waiting(), [], 'no timer is left');
});

t.test('while the resolver answers, each connection goes where it says now', async (t) => {
  const { connect, answer, know } = setUp();
  know('api', '10.0.0.1');
  const next = connect('api');
  t.equal(next.value, undefined, 'nothing is taken from before');
  answer('api', '10.0.0.2');
  t.equal(next.value, '10.0.0.2');
});

t.test('a resolver that is silent: the last addresses serve', async (t) => {
  const { connect, answer, know, names, outcomes, said, time } = setUp();
  know('api', '10.0.0.1');
  const first = connect('api');
  time.advance(LATE_MS - 1);
  t.equal(first.value, undefined, 'it is waited for');
  time.advance(1);
  t.equal(first.value, '10.0.0.1');
  const second = connect('api');
  await soon();
  t.equal(second.value, '10.0.0.1', 'those who come then do not wait');
  t.same(names(), ['api'], 'one look-up at a time');
  answer('api', NO_ANSWER);
  time.advance(RECHECK_MS);
  connect('api');
  await soon();
  t.same(names(), ['api'], 'it is asked again, and nobody waits for that');
  answer('api', '10.0.0.2');
  const after = connect('api');
  answer('api', '10.0.0.2');
  t.equal(after.value, '10.0.0.2');
  t.same(said, [`api: no answer in ${LATE_MS} ms`, 'api answered'], 'said once');
  t.same(outcomes, ['ok', 'stale', 'stale', 'stale', 'ok']);
});

t.test(
  'a resolver that fails: the last addresses serve, and it is not asked at each connection',
  async (t) => {
    const { connect, answer, know, names, time } = setUp();
    know('api', '10.0.0.1');
    const first = connect('api');
    answer('api', NO_ANSWER);
    t.equal(first.value, '10.0.0.1');
    for (let i = 0; i < 10; i++) connect('api');
    await soon();
    t.same(names(), [], 'not within a second');
    time.advance(RECHECK_MS);
    connect('api');
    t.same(names(), ['api']);
  },
);

t.test('a name that was never answered has its error, or waits', async (t) => {
  const { connect, answer, time, outcomes } = setUp();
  const failed = connect('api');
  answer('api', NO_ANSWER);
  t.equal(failed.value, 'EAI_AGAIN');
  const waits = connect('api');
  time.advance(10 * LATE_MS);
  t.equal(waits.value, undefined);
  answer('api', '10.0.0.1');
  t.equal(waits.value, '10.0.0.1');
  t.same(outcomes, ['failed', 'ok']);
});

t.test('that there is no such name is an answer: nothing old serves', async (t) => {
  const { connect, answer, know } = setUp();
  know('api', '10.0.0.1');
  const gone = connect('api');
  answer('api', NO_SUCH);
  t.equal(gone.value, 'ENOTFOUND');
  const next = connect('api');
  answer('api', NO_ANSWER);
  t.equal(next.value, 'EAI_AGAIN', 'and it is forgotten');
});

t.test('addresses that are a day old do not serve', async (t) => {
  const { connect, answer, know, time } = setUp();
  know('api', '10.0.0.1');
  time.advance(MAX_STALE_MS);
  const late = connect('api');
  answer('api', NO_ANSWER);
  t.equal(late.value, 'EAI_AGAIN');
});

t.test('a slow resolver: what it says counts for the next, who does not wait', async (t) => {
  const { connect, answer, know, said, time } = setUp();
  know('api', '10.0.0.1');
  for (const [address, before] of [
    ['10.0.0.2', '10.0.0.1'],
    ['10.0.0.3', '10.0.0.2'],
  ] as const) {
    const one = connect('api');
    await soon();
    time.advance(2 * LATE_MS);
    t.equal(one.value, before);
    answer('api', address);
  }
  t.same(said, [`api: no answer in ${LATE_MS} ms`], 'said once');
});

t.test('names that hang share one place: others are looked up at once', async (t) => {
  const { connect, answer, names, time } = setUp(2);
  for (const name of ['hangs-1', 'hangs-2', 'hangs-3']) connect(name);
  t.same(names(), ['hangs-1', 'hangs-2'], 'two at a time');
  time.advance(LATE_MS);
  answer('hangs-1', NO_ANSWER);
  answer('hangs-2', NO_ANSWER);
  time.advance(LATE_MS);
  answer('hangs-3', NO_ANSWER);
  for (const name of ['hangs-1', 'hangs-2', 'hangs-3']) connect(name);
  t.same(names(), ['hangs-1'], 'one place for those that hung');
  const good = connect('good');
  answer('good', '10.0.0.9');
  t.equal(good.value, '10.0.0.9');
  answer('hangs-1', '10.0.0.1');
  t.same(names(), ['hangs-2'], 'the others have their turn');
});

t.test(
  'names that yield are taken to hang until they were answered: they hold up no other from the start',
  async (t) => {
    const { connect, answer, names, time, yieldingLookup } = setUp(2);
    for (const name of ['issuer-1', 'issuer-2']) connect(name, yieldingLookup);
    t.same(names(), ['issuer-1'], 'one place for all of them');
    connect('api');
    t.same(names(), ['issuer-1', 'api']);
    time.advance(LATE_MS);
    answer('api', NO_ANSWER);
    connect('api');
    t.same(names(), ['issuer-1'], 'a name that was slow waits for that place');
    answer('issuer-1', '10.0.0.3');
    t.same(names(), ['api'], 'before those that yield');
    answer('api', '10.0.0.1');
    answer('issuer-2', '10.0.0.2');
    for (const name of ['issuer-1', 'issuer-2']) connect(name, yieldingLookup);
    t.same(names(), ['issuer-1', 'issuer-2'], 'one that was answered in time is as any other');
  },
);

t.test('a name that fails at once is not taken to hang', async (t) => {
  const { connect, answer, names, know, time } = setUp(2);
  know('api', '10.0.0.1');
  connect('hangs');
  time.advance(LATE_MS);
  connect('api');
  answer('api', NO_ANSWER);
  time.advance(RECHECK_MS);
  connect('api');
  t.same(names(), ['hangs', 'api']);
});

t.test('a known name behind those that hang is served from what is known', async (t) => {
  const { connect, know, names, time } = setUp(2);
  know('api', '10.0.0.1');
  for (const name of ['hangs-1', 'hangs-2']) connect(name);
  const first = connect('api');
  time.advance(LATE_MS);
  t.equal(first.value, '10.0.0.1');
  t.same(names(), ['hangs-1', 'hangs-2'], 'though it could not be asked for');
});

t.test('one address is given to who asks for one', async (t) => {
  const { lookup } = createNames({
    lookup: (_, __, callback) => callback(null, [v4('10.0.0.1'), v4('10.0.0.2')]),
  });
  lookup('api', {}, (error, address, family) => t.same([error, address, family], [null, '10.0.0.1', 4]));
});

t.test('places: half of the threads of libuv, as it gives look-ups', async (t) => {
  for (const [threads, places] of [
    [undefined, 2],
    ['nonsense', 2],
    ['1', 2],
    ['8', 4],
    ['16', 8],
  ] as const)
    t.equal(
      lookupPlaces(threads === undefined ? {} : { UV_THREADPOOL_SIZE: threads }),
      places,
      String(threads),
    );
});
