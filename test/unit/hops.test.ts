import t from 'tap';
import { describeHops } from '../../src/hops.ts';

// Header names from the vendors' documentation: AWS ELB "X-Amzn-Trace-Id", Google Cloud "Via: 1.1 google", Cloudflare "CF-Ray", Azure
// "X-Azure-Ref", Envoy "x-envoy-*", ingress-nginx's template (X-Forwarded-Scheme, X-Real-IP), Traefik (X-Forwarded-Server).
const cases: readonly [
  what: string,
  rawHeaders: readonly string[],
  version: string,
  phrases: readonly (string | RegExp)[],
][] = [
  ['nothing', ['Host', 'k8s.example.com', 'User-Agent', 'kubectl/v1.35.0', 'Accept', '*/*'], '1.1', []],
  ['HTTP/2', [], '2.0', [/^the request came over HTTP\/2, which cannot carry this upgrade/]],
  ['HTTP/1.0', [], '1.0', [/^the request came over HTTP\/1\.0/]],
  [
    'ALB',
    ['X-Amzn-Trace-Id', 'Root=1-2'],
    '1.1',
    ['an AWS Application or Classic Load Balancer (X-Amzn-Trace-Id)'],
  ],
  [
    'CloudFront',
    ['Via', '1.1 abc.cloudfront.net (CloudFront)'],
    '1.1',
    ['Amazon CloudFront (Via)', 'Via: 1.1 abc.cloudfront.net (CloudFront)'],
  ],
  ['Google', ['via', '1.1 google'], '1.1', ['a Google Cloud load balancer (Via)', 'Via: 1.1 google']],
  [
    'Google by trace',
    ['X-Cloud-Trace-Context', 'a/1'],
    '1.1',
    ['a Google Cloud load balancer (X-Cloud-Trace-Context)'],
  ],
  ['Cloudflare', ['CF-RAY', '1-FRA'], '1.1', ['Cloudflare (CF-Ray)']],
  ['Front Door', ['X-Azure-Ref', 'x'], '1.1', ['Azure Front Door (X-Azure-Ref)']],
  ['Application Gateway', ['X-AppGW-Trace-Id', 'x'], '1.1', ['Azure Application Gateway (X-AppGW-Trace-Id)']],
  [
    'Envoy',
    ['x-envoy-external-address', '10.0.0.1'],
    '1.1',
    [/^Envoy, or something built on it .*\(X-Envoy-\*\)$/],
  ],
  [
    'Envoy by Server',
    ['X-Request-Id', 'u', 'Server', 'istio-envoy'],
    '1.1',
    [/^Envoy, .*\(Server\)$/, 'Server: istio-envoy'],
  ],
  ['ingress-nginx', ['X-Forwarded-Scheme', 'https'], '1.1', ['nginx or ingress-nginx (X-Forwarded-Scheme)']],
  ['nginx', ['X-Real-IP', '10.0.0.1'], '1.1', ['nginx or ingress-nginx (X-Real-IP)']],
  [
    'Traefik',
    ['X-Real-Ip', '10.0.0.1', 'X-Forwarded-Server', 't'],
    '1.1',
    ['Traefik or Apache httpd (X-Forwarded-Server)'],
  ],
  [
    'an unknown proxy',
    [
      'Via',
      '1.1 squid',
      'X-Forwarded-For',
      '10.0.0.1',
      'x-forwarded-for',
      '10.0.0.2',
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-Host',
      'h',
    ],
    '1.1',
    [
      'Via: 1.1 squid',
      'X-Forwarded-For: 10.0.0.1, 10.0.0.2',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: h',
    ],
  ],
  ['long values', ['Via', 'v'.repeat(500)], '1.1', [/^Via: v{100}…$/]],
  [
    'many values',
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'Via' : String(i))),
    '1.1',
    ['Via: 1, 3, 5, 7, …'],
  ],
  ['a header without a value', ['Via'], '1.1', []],
];

for (const [what, rawHeaders, version, phrases] of cases) {
  t.test(`the way through ${what}`, async (t) => {
    const said = describeHops(rawHeaders, version);
    t.match(said, phrases);
    t.equal(said.length, phrases.length);
  });
}
