// What holds for any URL in place of a presigned one: what is sent is asked of a known host and of nobody else, says the one thing once, also to a
// reader with other rules (WHATWG's), and is the text that was checked. CVE-2022-2385, CVE-2025-49827 and CVE-2025-49831.

import fc from 'fast-check';
import t from 'tap';
import { AWS_TOKEN_PREFIX, parsePresigned } from '../../../../src/authn/aws/presigned.ts';
import { stsHostsOf } from '../../../../src/config/aws/partitions.ts';
import { makeSession } from '../../../fakes/principals.ts';
import { presign, tokenOf } from '../../../fakes/sigv4.ts';
import { holds } from '../../../properties.ts';

const NOW = Date.parse('2026-11-29T05:00:00Z');
const HOSTS = ['eu-west-1', 'us-east-1'].flatMap(stsHostsOf);
const credentials = makeSession('Dev', 'jo@example.com');
const GOOD = presign({ credentials, clusterID: 'prod', region: 'eu-west-1', now: NOW });
const [PLACE = '', QUERY = ''] = GOOD.split('?');
const PARTS = QUERY.split('&');
const SECRETS = [new URL(GOOD).searchParams.get('X-Amz-Signature'), credentials.sessionToken] as string[];

const piece = fc.constantFrom(
  ...[
    '',
    '@',
    ':',
    '/',
    '//',
    '?',
    '#',
    '&',
    '=',
    ';',
    '%',
    '%2f',
    '%26',
    '%3d',
    '%00',
    '%0d%0a',
    '+',
    ' ',
    '\n',
    '.',
    '\\',
  ],
  ...[
    'a',
    'é',
    '%C3%A9',
    '&Action=GetCallerIdentity',
    '&constructor=a',
    '&action=AssumeRole',
    'x-amz-expires=1',
    '@evil.example',
    ':443',
    '%FF',
    'A',
  ],
);
/** The URL with some text put in and taken out. */
const at = fc.oneof(
  fc.nat(GOOD.length),
  fc.constantFrom(8, PLACE.length - 1, PLACE.length, PLACE.length + 1, GOOD.length),
);
const edited = fc
  .array(fc.tuple(at, fc.nat(2), piece), { minLength: 1, maxLength: 3 })
  .map((edits) =>
    edits.reduce((url, [from, removed, put]) => url.slice(0, from) + put + url.slice(from + removed), GOOD),
  );
/** Its parameters in any order, some twice, some left out, some spelled otherwise. */
const rearranged = fc
  .array(fc.tuple(fc.nat(PARTS.length - 1), fc.nat(9)), { maxLength: 12 })
  .chain((more) =>
    fc.shuffledSubarray(PARTS, { minLength: PARTS.length - 1 }).map((some) => ({ more, some })),
  )
  .map(({ more, some }) => {
    const others = more.filter(([, how]) => how < 4).map(([index, how]) => respell(PARTS[index] ?? '', how));
    return `${PLACE}?${[...some, ...others].join('&')}`;
  });

function respell(part: string, how: number): string {
  const [name = '', value = ''] = part.split('=');
  if (how === 0) return part;
  if (how === 1) return `${name.toLowerCase()}=${value}`;
  return how === 2 ? `%${name.charCodeAt(0).toString(16)}${name.slice(1)}=${value}` : `${name}[]=${value}`;
}

t.test('whatever was changed, it is refused, or still one request to a known host', async (t) => {
  let passed = 0;
  holds(
    fc.property(fc.oneof(edited, rearranged), (url) => {
      const read = parsePresigned(tokenOf(url), HOSTS, NOW);
      if (read.kind === 'refused') return !SECRETS.some((one) => read.detail.includes(one));
      passed++;
      const { sts, target } = read.request;
      const sent = new URL(`https://${sts.host}${target}`);
      const names = [...sent.searchParams.keys()];
      return (
        url === `https://${sts.host}${target}` &&
        HOSTS.includes(sts) &&
        sent.host === sts.host &&
        sent.pathname === '/' &&
        sent.hash + sent.username + sent.password === '' &&
        new Set(names.map((name) => name.toLowerCase())).size === names.length &&
        names.length >= PARTS.length - 1 &&
        sent.searchParams.get('Action') === 'GetCallerIdentity' &&
        sent.searchParams.get('X-Amz-SignedHeaders') === 'host;x-k8s-aws-id' &&
        read.request.expiresAt <= NOW + 15 * 60_000
      );
    }),
    { numRuns: 3000 },
  );
  t.ok(passed > 50, `${passed} passed`);
});

t.test('any text in place of the base64 is refused, and one token has one text', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.base64String({ maxLength: 60 }));
  holds(
    fc.property(text, (given) => parsePresigned(AWS_TOKEN_PREFIX + given, HOSTS, NOW).kind === 'refused'),
  );
  // Of any length, so that base64 has bits to spare at its end.
  const goods = ['', 'A', 'AA'].map((more) => {
    const longer = { ...credentials, accessKeyID: credentials.accessKeyID + more };
    return tokenOf(presign({ credentials: longer, clusterID: 'prod', region: 'eu-west-1', now: NOW }));
  });
  const change = fc.tuple(
    fc.constantFrom(...goods),
    fc.oneof(fc.nat(600), fc.constantFrom(0, 1)),
    fc.nat(1),
    fc.constantFrom('', '=', '==', ' ', '\n', '.', ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_'),
  );
  holds(
    fc.property(change, ([good, back, removed, put]) => {
      const from = Math.max(AWS_TOKEN_PREFIX.length, good.length - back);
      const token = good.slice(0, from) + put + good.slice(from + removed);
      const read = parsePresigned(token, HOSTS, NOW);
      return (
        read.kind === 'refused' || tokenOf(`https://${read.request.sts.host}${read.request.target}`) === token
      );
    }),
    { numRuns: 1000 },
  );
});
