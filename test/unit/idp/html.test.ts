import fc from 'fast-check';
import t from 'tap';
import { html, type Interpolated } from '../../../src/idp/html.ts';
import { page } from '../../../src/idp/layout.ts';
import { errorPage, userCodePage } from '../../../src/idp/pages.ts';
import { signInPage } from '../../../src/idp/signin.ts';
import { holds } from '../../properties.ts';

/** Value, and how it stands in a page. */
const VALUES: readonly (readonly [Interpolated, string])[] = [
  ['plain', 'plain'],
  ['<b title="x">&\'</b>', '&lt;b title=&quot;x&quot;&gt;&amp;&#39;&lt;/b&gt;'],
  ['&amp;', '&amp;amp;'],
  [0, '0'],
  [false, ''],
  [undefined, ''],
  [html`<i>${'<'}</i>`, '<i>&lt;</i>'],
  [[html`<li>`, html`${'&'}`], '<li>&amp;'],
  [[], ''],
];

for (const [value, expected] of VALUES)
  t.test(`interpolates ${JSON.stringify(value)}`, async (t) => {
    t.equal(html`(${value})`.html, `(${expected})`);
  });

t.test('no text can open a tag, an attribute or an entity', async (t) => {
  holds(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { html: rendered } = html`${text}`;
      const back = rendered
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
      return !/[<>"']/.test(rendered) && back === text;
    }),
  );
  t.pass('for any text');
});

t.test('what callers choose is escaped on the pages that show it', async (t) => {
  const attack = '"><script>alert(1)</script>';
  const form = { action: '/device', xsrf: 'secret' };
  for (const shown of [
    errorPage(attack, attack),
    userCodePage(form, attack, attack),
    signInPage({ client: attack, chosen: attack, error: attack }),
    page(attack, html``),
  ])
    t.notMatch(shown, /<script|"><s/);
});
