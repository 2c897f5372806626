// What canaries.test.ts relies on: a secret is found in whatever form it is told.

import t from 'tap';
import { openAviary } from './canaries.ts';

const aviary = openAviary();

t.test('the search finds what is there, in each form', async (t) => {
  const value = aviary.lay('found');
  const finds = (text: string) => {
    const failed: unknown[] = [];
    aviary.search({ same: (found: unknown[]) => failed.push(...found) } as never, 'a text', text);
    return failed.includes('found');
  };
  for (const text of [
    value,
    encodeURIComponent(value),
    JSON.stringify({ value }),
    Buffer.from(value).toString('hex'),
  ])
    t.ok(finds(`x${text}x`), text);
  for (const before of ['', 'a', 'ab', 'Basic alice:'])
    for (const encoding of ['base64', 'base64url'] as const)
      t.ok(finds(Buffer.from(`${before}${value}tail`).toString(encoding)), `${before} ${encoding}`);
  t.notOk(finds('nothing'));
});
