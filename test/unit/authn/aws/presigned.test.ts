// What a k8s-aws-v1. token must be before anybody is asked. Rows marked K are aws-iam-authenticator's own refusals (pkg/token/token.go,
// Verify); the rest is stricter here. S14 and S19: field-lessons.md.
import t from 'tap';
import { parsePresigned } from '../../../../src/authn/aws/presigned.ts';
import { stsHostsOf } from '../../../../src/config/aws/partitions.ts';
import { makeSession, makeUser } from '../../../fakes/principals.ts';
import { presign, tokenOf } from '../../../fakes/sigv4.ts';

const NOW = Date.parse('2026-11-29T05:00:00Z');
const HOSTS = ['eu-west-1', 'us-east-1', 'cn-north-1'].flatMap(stsHostsOf);
const HOST = 'sts.eu-west-1.amazonaws.com';
const session = makeSession('Dev', 'jo@example.com');

function urlOf({ now = NOW, region = 'eu-west-1', host = '' } = {}) {
  return presign({
    credentials: session,
    clusterID: 'prod',
    region,
    now,
    ...(host === '' ? {} : { host }),
  });
}

const URL = urlOf();
const judge = (url: string, now = NOW) => parsePresigned(tokenOf(url), HOSTS, now);

function change(from: string | RegExp, to: string): string {
  const changed = URL.replace(from, () => to);
  if (changed === URL) throw new TypeError(`the URL has no ${from}`);
  return changed;
}

t.test('a token as its makers make it', async (t) => {
  t.match(judge(URL), {
    kind: 'presigned',
    request: {
      sts: { host: HOST, partition: 'aws' },
      target: URL.slice(`https://${HOST}`.length),
      accessKeyID: session.accessKeyID,
      expiresAt: NOW + 15 * 60_000,
    },
  });
  const user = presign({ credentials: makeUser('jo'), clusterID: 'prod', region: 'eu-west-1', now: NOW });
  t.equal(judge(user).kind, 'presigned', 'keys of a user, without a session token');
});

for (const [region, host] of [
  ['us-east-1', 'sts.us-east-1.amazonaws.com'],
  ['us-east-1', 'sts-fips.us-east-1.amazonaws.com'],
  ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
] as const)
  t.test(`${host} is a host of ${region}`, async (t) => {
    t.match(judge(urlOf({ region, host })), { kind: 'presigned', request: { sts: { host } } });
  });

// CVE-2025-49827 and CVE-2025-49831: what a parser might take for another host than the one that was compared.
for (const host of [
  'sts.eu-central-1.amazonaws.com', // a region that is not configured
  'sts.amazonaws.com',
  'sts-fips.eu-west-1.amazonaws.com',
  'sts.cn-north-1.amazonaws.com',
  'sts.eu-west-1.amazonaws.com.evil.example',
  'evil.example', // K
  'evil.example#sts.eu-west-1.amazonaws.com',
  'evil.example?sts.eu-west-1.amazonaws.com',
  'evil.example/sts.eu-west-1.amazonaws.com',
  'evil.example\\sts.eu-west-1.amazonaws.com',
  `evil.example%2f${HOST}`,
  `sts.eu-west-1.amazonaws.com@evil.example`,
  `user:pass@${HOST}`,
  `${HOST}@evil.example`,
  `${HOST}:443`,
  `${HOST}:8443`,
  `${HOST}.`,
  'STS.eu-west-1.amazonaws.com',
  'sts.eu-west-1.amazonaws.com%00',
  'sts。eu-west-1。amazonaws。com',
  '127.0.0.1',
  '[::1]',
  '169.254.169.254',
  '',
]) {
  t.test(`S14: the host ${JSON.stringify(host)} is not asked`, async (t) => {
    const result = judge(change(`//${HOST}/`, `//${host}/`));
    t.match(result, { kind: 'refused', code: 'AWS_TOKEN_MALFORMED' });
  });
}

for (const [name, url] of [
  ['http', change('https:', 'http:')], // K
  ['another scheme', change('https:', 'ftp:')], // K
  ['upper case', change('https:', 'HTTPS:')],
  ['no scheme', change('https:', '')],
  ['white space before it', ` ${URL}`],
  ['a path', change(`${HOST}/?`, `${HOST}/path?`)], // K
  ['a path that resolves to /', change(`${HOST}/?`, `${HOST}/x/..?`)],
  ['an encoded path', change(`${HOST}/?`, `${HOST}/%2e?`)],
  ['no path', change(`${HOST}/?`, `${HOST}?`)], // K
  ['two slashes', change(`${HOST}/?`, `${HOST}//?`)],
  ['no query', `https://${HOST}/`],
  ['a fragment', `${URL}#x`],
  ['another action', change('GetCallerIdentity', 'AssumeRole')], // K
  ['an action in another case', change('GetCallerIdentity', 'getcalleridentity')], // K
  ['another version', change('2011-06-15', '2011-06-16')],
  ['no version', change('&Version=2011-06-15', '')],
  ['no action', change('Action=GetCallerIdentity&', '')], // K
  ['an unknown parameter', `${URL}&Foo=bar`], // K
  ['a parameter of Object.prototype', `${URL}&constructor=1`],
  ['another algorithm', change('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')],
  ['no signature', change(/&X-Amz-Signature=.*/, '')],
  ['a short signature', change(/(X-Amz-Signature=)[0-9a-f]+/, 'X-Amz-Signature=00')],
  ['no credential', change(/X-Amz-Credential=[^&]*&/, '')],
  ['a credential of another service', change('%2Fsts%2F', '%2Fiam%2F')],
  ['a credential of another day', change('%2F20261129%2F', '%2F20261128%2F')],
  ['the cluster not signed', change('host%3Bx-k8s-aws-id', 'host')], // K
  ['the host not signed', change('host%3Bx-k8s-aws-id', 'x-k8s-aws-id')],
  ['a header signed that is not sent', change('host%3Bx-k8s-aws-id', 'accept%3Bhost%3Bx-k8s-aws-id')],
  ['expiry that is no number', change('X-Amz-Expires=60', 'X-Amz-Expires=abc')], // K
  ['a negative expiry', change('X-Amz-Expires=60', 'X-Amz-Expires=-1')], // K
  ['expiry after 901 seconds', change('X-Amz-Expires=60', 'X-Amz-Expires=901')], // K
  ['no expiry', change('X-Amz-Expires=60&', '')], // K
  ['no date', change(/X-Amz-Date=[^&]*&/, '')], // K
  ['a date in another form', change('20261129T050000Z', '2026-11-29T05%3A00%3A00Z')], // K
  ['a day that is none', change(/20261129/g, '20260231')], // K
  ['an hour that is none', change('T050000Z', 'T250000Z')],
  ['a plus for a space', change('Version=2011-06-15', 'Version=2011-06+15')],
  ['a broken escape', change('X-Amz-Expires=60', 'X-Amz-Expires=%6')], // K
  ['a semicolon', change('&Version', ';Version')], // K
  ['an empty part', change('&Version', '&&Version')],
  ['a second value after an equals sign', change('Expires=60', 'Expires=60=60')],
  ['a control character', change('Expires=60', 'Expires=60%0a')],
  ['a byte beyond ASCII', change('Expires=60', 'Expires=60\u00e9')],
] as const) {
  t.test(`refused: ${name}`, async (t) => {
    t.match(judge(url), { kind: 'refused', code: 'AWS_TOKEN_MALFORMED' });
  });
}

// CVE-2022-2385: STS reads the one, the verifier the other.
for (const name of [
  'Action',
  'Version',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
]) {
  const [part = ''] = new RegExp(`${name}=[^&]*`).exec(URL) ?? [];
  const value = part.slice(name.length + 1);
  for (const [what, url] of [
    ['twice', `${URL}&${part}`], // K
    ['a second time in lower case', `${URL}&${name.toLowerCase()}=${value}`], // K
    ['a first time in upper case', change('/?', `/?${name.toUpperCase()}=${value}&`)], // K
    ['in lower case only', change(part, `${name.toLowerCase()}=${value}`)],
    [
      'with an escape in its name',
      change(part, `%${name.charCodeAt(0).toString(16)}${name.slice(1)}=${value}`),
    ],
    ['as an element of a list', change(part, `${name}[]=${value}`)],
  ] as const)
    t.test(`S19: ${name} ${what}`, async (t) => {
      t.match(judge(url), { kind: 'refused', code: 'AWS_TOKEN_MALFORMED' });
    });
}

t.test('its time: from five minutes ahead to fifteen minutes after', async (t) => {
  const minute = 60_000;
  const at = (age: number) => judge(urlOf({ now: NOW - age }));
  t.equal(at(15 * minute - 1000).kind, 'presigned');
  t.match(at(15 * minute), { kind: 'refused', code: 'TOKEN_EXPIRED' });
  t.match(at(24 * 60 * minute), { kind: 'refused', code: 'TOKEN_EXPIRED' });
  t.match(
    at(-5 * minute),
    { kind: 'presigned', request: { expiresAt: NOW + 15 * minute } },
    'no longer life',
  );
  t.match(at(-5 * minute - 1000), { kind: 'refused', code: 'TOKEN_NOT_YET_VALID' });
});

t.test('the text around the URL', async (t) => {
  const token = tokenOf(URL);
  const of = (text: string) => parsePresigned(text, HOSTS, NOW);
  for (const [name, text] of [
    ['padding', `${token}=`], // K
    ['base64 of the other alphabet', `${token}+/`], // K
    ['a character too many', `${token}A`],
    ['nothing', 'k8s-aws-v1.'], // K
    ['4097 characters', `k8s-aws-v1.${'A'.repeat(4097 - 11)}`], // K
  ] as const)
    t.match(of(text), { kind: 'refused', code: 'AWS_TOKEN_MALFORMED' }, name);
});

t.test('no refusal tells the signature or the session token', async (t) => {
  const signature = /X-Amz-Signature=(.*)/.exec(URL)?.[1] ?? '';
  for (const url of [`${URL}&Foo=${signature}`, change('X-Amz-Expires=60', 'X-Amz-Expires=abc'), `${URL}0`]) {
    const result = judge(url);
    t.equal(result.kind, 'refused');
    t.notMatch(JSON.stringify(result), signature.slice(0, 20));
    t.notMatch(JSON.stringify(result), encodeURIComponent(session.sessionToken).slice(0, 20));
  }
});
