// What holds for anything in the places that replicas read from, where others can write as well: a page or none, an order or what is wrong with it,
// nothing thrown, and nobody ended who is not meant.

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { isMeant, MAX_REASON_CHARS, type Order, readOrder, writeWish } from '../../../src/roster/order.ts';
import { KINDS, packPage, unpackPage } from '../../../src/roster/page.ts';
import { holds, holdsInTime } from '../../properties.ts';

const keys = fc.constantFrom(
  ...[
    'replica',
    'name',
    'version',
    'state',
    'startedAt',
    'renewedAt',
    'renewEveryMs',
    'open',
    'entries',
    'answers',
  ],
  ...['id', 'user', 'kind', 'since', 'order', 'ended', 'count', 'problem', '__proto__', 'toString', 'length'],
);
/** JSON text of anything, with the names and the kinds of values that a page has, in the wrong places. */
const anything = fc.letrec<{ value: string; list: string; fields: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('null', 'true', '0', '-1', '1e999', '7', '""', '"exec"', '"leaving"', '"x"', '[]', '{}'),
    tie('list'),
    tie('fields'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map((some) => `[${some.join()}]`),
  fields: fc
    .array(fc.tuple(keys, tie('value')), { maxLength: 6 })
    .map((some) =>
      `{"replica":"a1",${some.map(([key, value]) => `"${key}":${value}`).join()}}`.replace(',}', '}'),
    ),
}));

t.test('a page of somebody else is read or none, and what is read has the types of a page', async (t) => {
  let read = 0;
  const listed = anything.value.map(
    (one) => `{"replica":"a1","entries":[{"id":"x","kind":${one},"since":${one}}]}`,
  );
  await holdsInTime(
    fc.asyncProperty(fc.oneof(anything.fields, listed), async (text) => {
      const page = await unpackPage(gzipSync(text));
      if (page === undefined) return true;
      read++;
      const { entries, answers, state, startedAt, renewedAt, renewEveryMs, open } = page;
      const isTyped =
        ['serving', 'leaving'].includes(state) &&
        [startedAt, renewedAt, renewEveryMs, open, ...answers.map(({ count }) => count)].every(
          Number.isFinite,
        ) &&
        [page.replica, page.name, page.version].every((one) => typeof one === 'string') &&
        entries.every(
          ({ id, kind, user }) => id !== '' && KINDS.includes(kind) && typeof user === 'string',
        ) &&
        entries.every((one) => [one.since, one.expires, one.bytesUp, one.bytesDown].every(Number.isFinite)) &&
        answers.flatMap(({ ended }) => ended).every((one) => typeof one === 'string');
      const again = await unpackPage(await packPage(page));
      return isTyped && JSON.stringify(again) === JSON.stringify({ ...page, entries: again?.entries });
    }),
    { numRuns: 500 },
  );
  t.ok(read > 200, `${read} were read`);
});

t.test('bytes that are no page are none', async () => {
  const whole = await packPage({
    ...{ replica: 'a1', name: 'host', version: '1', state: 'serving', startedAt: 1, renewedAt: 2 },
    ...{ renewEveryMs: 15_000, open: 0, entries: [], answers: [] },
  });
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string().map((text) => gzipSync(text)),
    fc.nat(whole.length - 1).map((size) => whole.subarray(0, size)),
  );
  await holdsInTime(
    fc.asyncProperty(any, async (bytes) => (await unpackPage(Buffer.from(bytes))) === undefined),
    { numRuns: 500 },
  );
});

const word = fc.stringMatching(/^[a-z0-9-]{1,6}$/);
const text = fc.oneof(
  word,
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', ' ', '*', 'exec', '__proto__'),
);
const entry = fc.record({
  id: word,
  user: fc.oneof(word, fc.constant('')),
  cluster: word,
  kind: fc.constantFrom(...KINDS),
});

t.test('an order that was written is read again', async () => {
  const whose = fc.oneof(
    fc.record({ ids: fc.array(word, { minLength: 1, maxLength: 4 }), user: fc.constant('') }),
    fc.record({ ids: fc.constant([]), user: text.filter((one) => one !== '') }),
  );
  const wish = fc.record({
    cluster: text,
    kind: fc.constantFrom(undefined, ...KINDS),
    reason: text,
    by: text,
  });
  holds(
    fc.property(whose, wish, (who, rest) => {
      const read = readOrder('o', 7, writeWish({ ...who, ...rest }));
      return JSON.stringify(read) === JSON.stringify({ name: 'o', givenAt: 7, ...who, ...rest });
    }),
  );
});

t.test(
  'whatever an order says, it ends only whom it names, in the cluster and of the kind that it names',
  async () => {
    const long = fc.constant('x'.repeat(2 * MAX_REASON_CHARS));
    const few = fc.constantFrom('a', 'b', 'a b', '', ' ');
    const said = {
      ...{ ids: few, user: few, cluster: few, kind: fc.constantFrom('exec', 'log', 'shell', '') },
      ...{ reason: fc.oneof(text, long), by: fc.oneof(text, long) },
    };
    const known = fc.record(said, { requiredKeys: [] });
    const wanted = fc.oneof(
      { weight: 6, arbitrary: known },
      { weight: 1, arbitrary: fc.dictionary(text, text) },
    );
    const near = { id: few, user: few, cluster: few, kind: fc.constantFrom(...KINDS) };
    holds(
      fc.property(wanted, fc.array(fc.oneof(entry, fc.record(near))), (some, entries) => {
        const fields: Record<string, string> = { ...some };
        const order: Order | string = readOrder('o', 7, fields);
        if (typeof order === 'string') return order !== '';
        const isKnown = Object.keys(fields).every((one) => /^(ids|user|cluster|kind|reason|by)$/.test(one));
        const { ids = '', user = '', cluster = '', kind = '' } = fields;
        return (
          isKnown &&
          order.ids.length > 0 !== (order.user !== '') &&
          (kind === '' || kind === order.kind) &&
          order.reason.length <= MAX_REASON_CHARS &&
          order.by.length <= MAX_REASON_CHARS &&
          entries.every((one) => {
            const isNamed = user === '' ? ids.split(/\s/).includes(one.id) : one.user === user;
            const isThere = (cluster === '' || one.cluster === cluster) && (kind === '' || one.kind === kind);
            return isMeant(order, one) === (isNamed && isThere);
          })
        );
      }),
      { numRuns: 2000 },
    );
  },
);
