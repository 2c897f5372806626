// X.690: what is read, and what is refused because another reader could read it differently.

import fc from 'fast-check';
import t from 'tap';
import {
  DerError,
  readChildren,
  readInteger,
  readOid,
  readOne,
  readText,
  readTime,
  TAG,
} from '../../../src/x509/der.ts';
import { holds } from '../../properties.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const element = (tag: number, content: string | Buffer) => ({
  tag,
  whole: Buffer.alloc(0),
  content: typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
});

const refused = [
  // X.690 §8.1.3, §10.1
  { given: '', why: 'nothing' },
  { given: '30', why: 'no length' },
  { given: '30 80 00 00', why: 'an indefinite length' },
  { given: '30 81 05 01 02 03 04 05', why: 'not the shortest length' },
  { given: '30 82 00 80', why: 'a length with a leading zero' },
  { given: '30 85 01 00 00 00 00', why: 'a length of five bytes' },
  { given: '30 03 02 01', why: 'cut off' },
  { given: '30 00 00', why: 'bytes behind the end' },
  { given: '1f 81 01 00', why: 'a tag of more than one byte' },
];
for (const { given, why } of refused)
  t.test(`refused: ${why}`, async (t) => t.throws(() => readOne(hex(given)), { code: 'DER_MALFORMED' }));

t.test('children come in order, and only from the tag that was asked for', async (t) => {
  const parent = readOne(hex('30 06 02 01 05 04 01 ff'));
  t.same(
    readChildren(parent).map(({ tag }) => tag),
    [2, 4],
  );
  t.throws(() => readChildren(parent, TAG.SET), { code: 'DER_MALFORMED' });
});

const oids = [
  { given: '55 04 03', oid: '2.5.4.3' },
  { given: '2a 86 48 86 f7 0d 01 01 0b', oid: '1.2.840.113549.1.1.11' },
  { given: '2b 06 01 04 01 83 c2 51 02', oid: '1.3.6.1.4.1.57681.2' },
  { given: '88 37 03', oid: '2.999.3' },
];
for (const { given, oid } of oids)
  t.test(oid, async (t) => t.equal(readOid(element(TAG.OID, hex(given))), oid));

// X.690 §8.19: another spelling of CN would be CN to one reader and nothing to another.
const noOids = [
  { given: '', why: 'without an arc' },
  { given: '55 04 80 03', why: 'an arc with a leading zero' },
  { given: '80 55 04 03', why: 'a first arc with a leading zero' },
  { given: '55 04 83', why: 'an arc without its end' },
];
for (const { given, why } of noOids)
  t.test(`no object identifier: ${why}`, async (t) =>
    t.throws(() => readOid(element(TAG.OID, hex(given))), { code: 'DER_MALFORMED' }),
  );

t.test(
  'an integer has one form: another spelling of a serial number would not be found in a list',
  async (t) => {
    for (const given of ['00', '05', '7f', '00 80', '80', 'ff 7f', '01 00'])
      t.equal(readInteger(element(TAG.INTEGER, hex(given))), given.replaceAll(' ', ''));
    // X.690 §8.3.2
    for (const given of ['', '00 05', '00 00', 'ff 80', 'ff ff'])
      t.throws(() => readInteger(element(TAG.INTEGER, hex(given))), { code: 'DER_MALFORMED' }, given);
    t.throws(() => readInteger(element(TAG.OID, hex('05'))), { code: 'DER_MALFORMED' });
  },
);

t.test('texts by their types', async (t) => {
  t.equal(readText(element(TAG.UTF8, Buffer.from('jané'))), 'jané');
  t.equal(readText(element(TAG.UTF8, Buffer.from('\ufeffjane'))), '\ufeffjane', 'nothing is dropped');
  t.equal(readText(element(TAG.PRINTABLE, 'jane')), 'jane');
  t.equal(readText(element(TAG.TELETEX, hex('e9'))), 'é');
  t.equal(readText(element(TAG.BMP, hex('00 6a 00 e9'))), 'jé');
  t.throws(() => readText(element(TAG.UTF8, hex('ff'))), { code: 'DER_MALFORMED' });
  t.throws(() => readText(element(TAG.PRINTABLE, hex('e9'))), { code: 'DER_MALFORMED' });
  t.throws(() => readText(element(TAG.BMP, hex('00'))), { code: 'DER_MALFORMED' });
  t.throws(() => readText(element(TAG.BMP, hex('d8 00 00 6a'))), { code: 'DER_MALFORMED' }, 'half a pair');
  t.throws(() => readText(element(TAG.INTEGER, hex('01'))), { code: 'DER_MALFORMED' });
});

const times = [
  // RFC 5280 §4.1.2.5
  { tag: TAG.UTC_TIME, text: '491231235959Z', iso: '2049-12-31T23:59:59.000Z' },
  { tag: TAG.UTC_TIME, text: '500101000000Z', iso: '1950-01-01T00:00:00.000Z' },
  { tag: TAG.GENERALIZED_TIME, text: '20500101000000Z', iso: '2050-01-01T00:00:00.000Z' },
  { tag: TAG.GENERALIZED_TIME, text: '99991231235959Z', iso: '9999-12-31T23:59:59.000Z' },
];
for (const { tag, text, iso } of times)
  t.test(text, async (t) => t.equal(new Date(readTime(element(tag, text))).toISOString(), iso));
const noTimes = ['4912312359Z', '491231235959+0100', '491331235959Z', ''];
// Days and hours that Date takes for the next ones.
noTimes.push('240230000000Z', '230229000000Z', '240431000000Z', '240101240000Z');
for (const text of noTimes)
  t.test(`no time: ${text}`, async (t) =>
    t.throws(() => readTime(element(TAG.UTC_TIME, text)), { code: 'DER_MALFORMED' }),
  );

t.test('any bytes are read or refused, never anything else', async (t) => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const one = readOne(Buffer.from(bytes));
        readChildren(one, one.tag);
      } catch (error) {
        return error instanceof DerError;
      }
      return true;
    }),
  );
  t.pass();
});
