// What a request's own headers tell of the hops it came through, for the one error that needs it: an exec, attach or port-forward that some
// proxy in front has robbed of its Upgrade. Everything here may be forged by the caller, who is also the only one to read it; nothing is
// decided on it. Values are cut short and go through the escaping of errors.ts before they are shown.

/** Longest header value that is quoted, in characters. */
const MAX_VALUE_CHARS = 100;

/** Most headers of one name that are quoted. */
const MAX_VALUES = 4;

/**
 * Names the proxies and load balancers that left a trace, the surest first, each as a phrase that can stand in a sentence; empty when there
 * is none.
 * @param rawHeaders flat, as Node's `rawHeaders`
 * @param httpVersion `1.0`, `1.1`, `2.0`
 */
export function describeHops(rawHeaders: readonly string[], httpVersion: string): string[] {
  const headers = collect(rawHeaders);
  const phrases: string[] = [];
  if (httpVersion.startsWith('2')) {
    phrases.push(
      'the request came over HTTP/2, which cannot carry this upgrade (the hop in front has to use HTTP/1.1 here)',
    );
  } else if (httpVersion === '1.0') {
    phrases.push(
      'the request came over HTTP/1.0, which knows no upgrade (nginx needs "proxy_http_version 1.1")',
    );
  }
  for (const { product, signs } of PRODUCTS) {
    const seen = signs.find((sign) => matches(sign, headers));
    if (seen !== undefined) phrases.push(`${product} (${seen.shown})`);
  }
  for (const name of GENERIC) {
    const values = headers.get(name.toLowerCase());
    if (values !== undefined) phrases.push(`${name}: ${quote(values)}`);
  }
  return phrases;
}

/** A trace: a header whose name begins with `name`, and whose value matches when `value` is given. */
interface Sign {
  readonly name: string;
  readonly prefix?: boolean;
  readonly value?: RegExp;
  readonly without?: string;
  readonly shown: string;
}

const PRODUCTS: readonly { readonly product: string; readonly signs: readonly Sign[] }[] = [
  {
    product: 'an AWS Application or Classic Load Balancer',
    signs: [{ name: 'x-amzn-trace-id', shown: 'X-Amzn-Trace-Id' }],
  },
  {
    product: 'Amazon CloudFront',
    signs: [
      { name: 'x-amz-cf-id', shown: 'X-Amz-Cf-Id' },
      { name: 'via', value: /\bcloudfront\b/i, shown: 'Via' },
    ],
  },
  {
    product: 'a Google Cloud load balancer',
    signs: [
      { name: 'via', value: /^\S+\s+google\b/i, shown: 'Via' },
      { name: 'x-cloud-trace-context', shown: 'X-Cloud-Trace-Context' },
    ],
  },
  { product: 'Cloudflare', signs: [{ name: 'cf-ray', shown: 'CF-Ray' }] },
  {
    product: 'Azure Front Door',
    signs: [
      { name: 'x-azure-ref', shown: 'X-Azure-Ref' },
      { name: 'x-azure-fdid', shown: 'X-Azure-FDID' },
    ],
  },
  {
    product: 'Azure Application Gateway',
    signs: [{ name: 'x-appgw-trace-id', shown: 'X-AppGW-Trace-Id' }],
  },
  {
    product: 'Envoy, or something built on it (Istio, Contour, Envoy Gateway)',
    signs: [
      { name: 'x-envoy-', prefix: true, shown: 'X-Envoy-*' },
      { name: 'server', value: /\b(?:istio-)?envoy\b/i, shown: 'Server' },
      { name: 'via', value: /\benvoy\b/i, shown: 'Via' },
    ],
  },
  {
    product: 'Traefik or Apache httpd',
    signs: [{ name: 'x-forwarded-server', shown: 'X-Forwarded-Server' }],
  },
  {
    product: 'nginx or ingress-nginx',
    signs: [
      { name: 'x-forwarded-scheme', shown: 'X-Forwarded-Scheme' },
      { name: 'x-original-forwarded-for', shown: 'X-Original-Forwarded-For' },
      { name: 'x-real-ip', without: 'x-forwarded-server', shown: 'X-Real-IP' },
    ],
  },
];

const GENERIC = [
  'Via',
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'Server',
];

function collect(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [rawHeaders[i + 1] ?? '']);
    else values.push(rawHeaders[i + 1] ?? '');
  }
  return headers;
}

function matches(sign: Sign, headers: ReadonlyMap<string, readonly string[]>): boolean {
  if (sign.without !== undefined && headers.has(sign.without)) return false;
  if (sign.prefix === true) return [...headers.keys()].some((name) => name.startsWith(sign.name));
  const { value } = sign;
  const values = headers.get(sign.name);
  return values !== undefined && (value === undefined || values.some((text) => value.test(text)));
}

function quote(values: readonly string[]): string {
  const shown = values.slice(0, MAX_VALUES).map((value) => {
    return value.length > MAX_VALUE_CHARS ? `${value.slice(0, MAX_VALUE_CHARS)}…` : value;
  });
  if (values.length > MAX_VALUES) shown.push('…');
  return shown.join(', ');
}
