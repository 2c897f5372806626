// Requests for the differential test of RequestInfo: ordinary ones, and ones that two parsers may read differently. Drawn from a seed, so that the
// same number gives the same requests.

/** A method and a request target as they stand in a request line. */
export interface Asked {
  readonly method: string;
  readonly target: string;
}

const METHODS = 'GET GET GET HEAD POST PUT PATCH DELETE DELETE OPTIONS CONNECT TRACE PROPFIND get Get'.split(
  ' ',
);
const BEGINNINGS = [
  ...['/api/v1/', '/api/v1/', '/apis/apps/v1/', '/apis/apps/v1/', '/api/', '/apis/', '/apis/apps/', '/'],
  ...['/api/v1/watch/', '/api/v1/proxy/', '/apis/g/v1/proxy/', '/openapi/', '/debug/pprof/'],
];
const USUAL = [
  ...[
    'namespaces/ns/pods/foo',
    'namespaces/ns/pods',
    'pods',
    'namespaces/ns',
    'namespaces',
    'namespaces/ns/status',
  ],
  ...['namespaces/ns/finalize', 'namespaces/ns/pods/foo/log', 'namespaces/ns/pods/foo/proxy/a/b'],
  ...['nodes/n/proxy/exec', 'namespaces/ns/services/s:80/proxy', 'namespaces/ns/pods/foo/exec'],
];
const SEGMENTS = [
  ...'api apis v1 apps namespaces pods proxy watch status finalize foo log exec attach portforward nodes services'.split(
    ' ',
  ),
  ...'NAMESPACES API healthz debug pprof openapi v2 eviction deletecollection x:y https:foo:80 a b ~ * @ a+b'.split(
    ' ',
  ),
  ...[
    '',
    '.',
    '..',
    '...',
    '..a',
    'a..',
    '.a',
    '%2e',
    '%2E%2e',
    '%2f',
    'a%2fb',
    '%5c',
    '\\',
    ';',
    'a;b',
    '%3b',
    '%00',
    '%7f',
  ],
  ...['%20', '%25', 'a%25b', '%', '%zz', '%41pi', 'p%6fds', '%c3%a9', 'é', '%ff', '%E2%84%AA', 'a?b', '%3f'],
];
const ENDS = ['', '', '', '', '/', '//', '/.', '/..', '%2f'];
const KEYS = [
  ...'watch watch watch fieldSelector fieldSelector labelSelector limit timeoutSeconds resourceVersion follow'.split(
    ' ',
  ),
  ...['continue', 'w%61tch', 'Watch', 'watch%00', 'field%53elector', 'watch+', '%zz', '', 'x'],
];
const SELECTORS = [
  ...[
    'metadata.name=foo',
    'metadata.name==foo',
    'metadata.name!=foo',
    'metadata.name=',
    'metadata.name=..',
    'metadata.name',
  ],
  ...['a%2Fb', 'a%252Fb', '+foo', 'a\\=b', 'foo\\', 'fo\\,o', '%ff', '%C3%A9', 'foo%00'].map(
    (x) => `metadata.name=${x}`,
  ),
  ...['foo,metadata.namespace=b', 'foo,metadata.name=bar', 'foo,', 'foo%2Cmetadata.name!%3Dbar'].map(
    (x) => `metadata.name=${x}`,
  ),
  ...[
    'spec.x=1,metadata.name=foo',
    '=foo',
    'a=b=c',
    '+metadata.name=foo',
    'metadata.name+=foo',
    'metadata.name%3Dfoo%5C%2Co',
  ],
];
const VALUES = [
  ...'1 0 true false False FALSE f t null nan 10 +10 -1 1e3 0x10 1_000 %31 %20true true%20'.split(' '),
  ...['', 'fal%C5%BFe', '9223372036854775807', '9223372036854775808', '%zz', 'a;b', 'app+in+(a)', 'a=b'],
  ...SELECTORS,
];

/** The requests that a seed gives, without end. */
export function* drawRequests(seed: number): Generator<Asked> {
  const random = mulberry32(seed);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const segments = (most: number) =>
    Array.from({ length: Math.floor(random() * most) }, () => pick(SEGMENTS)).join('/');
  const query = () => {
    const pairs = Array.from(
      { length: Math.floor(random() * 4) },
      () => pick(KEYS) + pick(['=', '=', '=', '', '%3D', '==']) + pick(VALUES),
    );
    return pairs.length === 0
      ? pick(['', '', '?', '?&&'])
      : `?${pairs.join(pick(['&', '&', '&', '&&', ';']))}`;
  };
  for (;;) {
    const rest = random() < 0.4 ? pick(USUAL) + pick(['', '', `/${pick(SEGMENTS)}`]) : segments(7);
    yield { method: pick(METHODS), target: pick(BEGINNINGS) + rest + pick(ENDS) + query() };
  }
}

/** Tommy Ettinger's generator of 32 bits; in the public domain. @returns what gives numbers from 0 up to 1 */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
