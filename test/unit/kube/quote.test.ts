import t from 'tap';
import { quote, quoteAll } from '../../../src/kube/quote.ts';

t.test('text is quoted as strconv.Quote does it', async (t) => {
  const facts = [
    ['', '""'],
    ['a b', '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\t\x00\x1b\x07', '"\\n\\t\\x00\\x1b\\a"'],
    ['Zoë 日本 €', '"Zoë 日本 €"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['😀', '"😀"'],
    ['\ud800', '"\ufffd"'],
  ] as const;
  for (const [text, quoted] of facts) t.equal(quote(text), quoted);
  t.equal(quoteAll(['a', 'b c']), '["a" "b c"]');
  t.equal(quoteAll([]), '[]');
});
