import fc from 'fast-check';
import t from 'tap';
import { parseTarget } from '../../../src/kube/path.ts';
import { holds } from '../../properties.ts';

/** A test's name: printable ASCII, and no `#`, which TAP reads as a directive. */
function name(rawTarget: string): string {
  const text = JSON.stringify(rawTarget).replaceAll('#', '(hash)');
  return text.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// What kubectl, client libraries and people with curl send; the path is decoded once, the raw bytes stay (protocol.md §5.1).
const accepted: readonly [rawTarget: string, path: string, rawQuery?: string][] = [
  ['/', '/'],
  ['/?', '/'],
  ['/api', '/api'],
  ['/version?timeout=32s', '/version', 'timeout=32s'],
  ['/api/v1/pods?a=1?b=2', '/api/v1/pods', 'a=1?b=2'],
  [
    '/api/v1/namespaces/x/pods/p/exec?command=a%20b&command=%2F',
    '/api/v1/namespaces/x/pods/p/exec',
    'command=a%20b&command=%2F',
  ],
  ['/api/v1/pods?q=//../%2e%2e;x\\', '/api/v1/pods', 'q=//../%2e%2e;x\\'],
  ['/api/v1/pods?q=%zz', '/api/v1/pods', 'q=%zz'],
  ['/api/v1/namespaces/x/pods/p/exec/', '/api/v1/namespaces/x/pods/p/exec/'],
  ['/api/v1/namespaces/x/pods/p/%65xec', '/api/v1/namespaces/x/pods/p/exec'],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/caf%C3%A9',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/café',
  ],
  ['/api/v1/namespaces/x/configmaps/a..b', '/api/v1/namespaces/x/configmaps/a..b'],
  ['/api/v1/namespaces/x/configmaps/.hidden', '/api/v1/namespaces/x/configmaps/.hidden'],
  ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
  ['/api/v1/pods/%252f', '/api/v1/pods/%2f'],
];

for (const [rawTarget, path, rawQuery = ''] of accepted) {
  t.test(`${rawTarget} is passed as it is`, async (t) => {
    t.same(parseTarget(rawTarget), {
      ok: true,
      target: { raw: rawTarget, rawPath: rawTarget.split('?', 1)[0], rawQuery, path },
    });
  });
}

// field-lessons.md S11, S22: what another parser could read differently.
const refused: readonly [rawTarget: string, detail: string][] = [
  ['', 'the target does not begin with "/"'],
  ['*', 'the target does not begin with "/"'],
  ['?x', 'the target does not begin with "/"'],
  ['api/v1/pods', 'the target does not begin with "/"'],
  ['http://evil/api', 'the target does not begin with "/"'],
  ['\\api', 'the target does not begin with "/"'],
  ['//api/v1/pods', 'the path holds "//"'],
  ['//evil/api', 'the path holds "//"'],
  ['/api//v1/pods', 'the path holds "//"'],
  ['/api/v1/pods//', 'the path holds "//"'],
  ['/.', 'the path holds a "." or ".." segment'],
  ['/api/v1/../v1/pods', 'the path holds a "." or ".." segment'],
  ['/api/v1/./pods', 'the path holds a "." or ".." segment'],
  ['/api/v1/%2e%2e/v1/pods', 'the path holds a "." or ".." segment'],
  ['/api/v1/%2E./v1/pods', 'the path holds a "." or ".." segment'],
  ['/api/v1/%2e/pods', 'the path holds a "." or ".." segment'],
  ['/healthz/../api/v1/secrets', 'the path holds a "." or ".." segment'],
  ['/healthz%2f..%2fapi', 'the path holds an encoded "/"'],
  ['/api/v1/pods%2Fx', 'the path holds an encoded "/"'],
  ['/api/v1/pods%5cx', 'the path holds a backslash'],
  ['/api/v1/pods\\x', 'the path holds a backslash'],
  ['/api/v1/pods%00', 'the path holds an encoded control character'],
  ['/api/v1/pods%0d%0aX:1', 'the path holds an encoded control character'],
  ['/api/v1/pods%7f', 'the path holds an encoded control character'],
  ['/api/v1/pods;a=b', 'the path holds ";"'],
  ['/api/v1/pods%', 'the path holds a percent escape that is malformed or not UTF-8'],
  ['/api/v1/pods%4', 'the path holds a percent escape that is malformed or not UTF-8'],
  ['/api/v1/pods%zz', 'the path holds a percent escape that is malformed or not UTF-8'],
  ['/api/v1/pods%ff', 'the path holds a percent escape that is malformed or not UTF-8'],
  ['/api/v1/pods%c0%af', 'the path holds a percent escape that is malformed or not UTF-8'],
  ['/api/v1/pods#x', 'the target holds "#"'],
  ['/api/v1/pods?x#y', 'the target holds "#"'],
  ['/api/v1/po ds', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods?a b', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods\t', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods\r\nX: 1', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods\0', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods\x7f', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/caf\xe9', 'the target holds a control character, a space or a non-ASCII byte'],
  ['/api/v1/pods?q=\u2028', 'the target holds a control character, a space or a non-ASCII byte'],
];

for (const [rawTarget, detail] of refused) {
  t.test(`${name(rawTarget)} is refused`, async (t) => {
    t.same(parseTarget(rawTarget), { ok: false, code: 'PATH_MALFORMED', detail });
  });
}

// net/url since Go 1.24.12 and 1.25.6: of a query with more pairs, empty ones counted, the API server sees nothing; an older one sees all of it.
t.test('a query with more parameters than Go reads is refused', async (t) => {
  for (const path of ['/api/v1/pods', '/api/v1/po%64s&', `/api/v1/nodes/n/proxy/a;b`]) {
    for (const pair of ['&', '&a=1'])
      t.match(parseTarget(`${path}?watch=1${pair.repeat(9_999)}`), { ok: true }, `${path} ${pair}`);
    for (const pair of ['&', '&a=1'])
      t.same(
        parseTarget(`${path}?watch=1${pair.repeat(10_000)}`),
        { ok: false, code: 'PATH_MALFORMED', detail: 'the query holds more than 10000 parameters' },
        `${path} ${pair}`,
      );
  }
});

// Behind `proxy` the path is another program's and encoding-sensitive: it passes, as long as it stays behind `proxy` (S22).
const POD = '/api/v1/namespaces/x/pods/p/proxy';
const tails: readonly [rawTarget: string, path: string][] = [
  [`${POD}`, `${POD}`],
  [`${POD}/`, `${POD}/`],
  [`${POD}//a//b/`, `${POD}//a//b/`],
  [`${POD}/a%2fb;v=1\\c%5cd`, `${POD}/a/b;v=1\\c\\d`],
  [`${POD}/%zz%4`, `${POD}/%zz%4`],
  [`${POD}/%ff`, `${POD}/\ufffd`],
  [`${POD}/%00`, `${POD}/\0`],
  [`${POD}/...`, `${POD}/...`],
  [`/api/v1/namespaces/x/pods/p/pro%78y/a;b`, `${POD}/a;b`],
  [
    '/api/v1/namespaces/x/services/https:s:443/proxy/%2f',
    '/api/v1/namespaces/x/services/https:s:443/proxy//',
  ],
  ['/api/v1/nodes/n/proxy/exec;x', '/api/v1/nodes/n/proxy/exec;x'],
  [
    '/apis/g.example/v1/namespaces/x/things/t/proxy/a;b',
    '/apis/g.example/v1/namespaces/x/things/t/proxy/a;b',
  ],
  ['/api/v1/proxy/nodes/n/a;b//c', '/api/v1/proxy/nodes/n/a;b//c'],
  ['/api/v1/proxy/namespaces/x/pods/p/a;b//c', '/api/v1/proxy/namespaces/x/pods/p/a;b//c'],
];

for (const [rawTarget, path] of tails) {
  t.test(`the tail of ${rawTarget} is left alone`, async (t) => {
    t.match(parseTarget(rawTarget), { ok: true, target: { raw: rawTarget, path } });
  });
}

const refusedTails: readonly string[] = [
  `${POD}/..`,
  `${POD}/../../../secrets`,
  `${POD}/a/../b`,
  `${POD}/./a`,
  `${POD}/%2e%2e/%2e%2e/x`,
  `${POD}/a%2f..%2f..%2fx`,
  `${POD}/..%5cx`,
  `${POD}/..\\x`,
  `${POD}/a b`,
  `${POD}/a#b`,
  `${POD}/caf\xe9`,
  '/api/v1/proxy/nodes/n/../x',
  // Not a tail: the name or the verb is still missing, `proxy` is not where a subresource is, or the prefix is another.
  '/api/v1/namespaces/x/pods/proxy/a;b',
  '/api/v1/namespaces/x/proxy/p/a;b',
  '/api/v1/proxy/nodes/n;x',
  '/api/v1/proxy/namespaces/x/pods/p;x/a',
  '/api/v1/namespaces/x/pods//proxy/a',
  '/other/v1/nodes/n/proxy/a;b',
  '/apis/v1/nodes/n/proxy/a;b',
];

for (const rawTarget of refusedTails) {
  t.test(`${name(rawTarget)} is refused, proxy or not`, async (t) => {
    t.match(parseTarget(rawTarget), { ok: false, code: 'PATH_MALFORMED' });
  });
}

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%00',
      '%',
      '%zz',
      '%ff',
      ';',
      '\\',
      '#',
      '?',
      ' ',
      'é',
      '\r\n',
    ),
    fc.constantFrom(
      'api',
      'apis',
      'v1',
      'namespaces',
      'x',
      'pods',
      'proxy',
      'watch',
      'exec',
      'status',
      '%65xec',
      'a',
    ),
    fc.string({ unit: 'binary' }),
  ),
  { maxLength: 14 },
);

t.test('no target throws, and an accepted one is kept byte for byte', async (t) => {
  holds(
    fc.property(pieces, fc.boolean(), (parts, joined) => {
      const raw = joined ? `/${parts.join('/')}` : parts.join('');
      const parsed = parseTarget(raw);
      if (!parsed.ok) return parsed.code === 'PATH_MALFORMED' && parsed.detail !== '';
      const { target } = parsed;
      const query = raw.indexOf('?');
      return (
        target.raw === raw &&
        target.rawPath === (query === -1 ? raw : raw.slice(0, query)) &&
        raw.startsWith('/')
      );
    }),
    { numRuns: 5000 },
  );
  t.pass('held for 5000 targets');
});

t.test('no accepted path has a dot segment, and outside a proxy tail no empty one', async (t) => {
  holds(
    fc.property(pieces, (parts) => {
      const parsed = parseTarget(`/${parts.join('/')}`);
      if (!parsed.ok) return true;
      const segments = parsed.target.path.split('/').slice(1);
      if (segments.some((segment) => segment === '.' || segment === '..')) return false;
      return segments.includes('proxy') || segments.slice(0, -1).every((segment) => segment !== '');
    }),
    { numRuns: 5000 },
  );
  t.pass('held for 5000 targets');
});
