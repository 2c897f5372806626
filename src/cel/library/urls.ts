// Kubernetes' URLs (apiserver pkg/cel/library/urls.go): what Go's url.ParseRequestURI takes, an absolute URL or an absolute path.

import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { MapValue, Opaque, TextList } from '../value.ts';

const TYPE = 'kubernetes.URL';
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const HOST_INVALID = /[\s"<>\\^`{|}]/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})[\s\S]{0,2}/;
/** Go refuses ASCII's control characters. */
const CONTROL = /[\p{ASCII}&&\p{Cc}]/v;
/** What a path may hold as it is (Go's net/url: shouldEscape for paths, validEncoded). */
const PATH_PLAIN = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@[\]/]|%[0-9A-Fa-f]{2})*$/;
const PATH_ESCAPED = /[^A-Za-z0-9\-._~$&+,/:;=@]/g;

/** A URL in its parts, as Go sees them. */
export class URLValue extends Opaque {
  readonly type = TYPE;
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(text: string) {
    super();
    this.text = text;
    if (CONTROL.test(text)) fail(text, 'net/url: invalid control character in URL');
    const scheme = SCHEME.exec(text)?.[1];
    const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
    // With "via request" Go leaves a fragment where it is.
    const mark = rest.indexOf('?');
    const before = mark === -1 ? rest : rest.slice(0, mark);
    this.scheme = scheme?.toLowerCase() ?? '';
    this.query = mark === -1 ? '' : rest.slice(mark + 1);
    if (!before.startsWith('/') && scheme === undefined) fail(text, 'invalid URI for request');
    const opaque = !before.startsWith('/');
    const authority = before.startsWith('//') && (scheme !== undefined || !before.startsWith('///'));
    const slash = authority ? before.indexOf('/', 2) : 0;
    this.host = authority ? parseHost(text, before.slice(2, slash === -1 ? before.length : slash)) : '';
    this.path = opaque || slash === -1 ? '' : before.slice(slash);
    const bad = BAD_ESCAPE.exec(this.path)?.[0];
    if (bad !== undefined) fail(text, `invalid URL escape "${bad}"`);
  }

  isEqual(other: Opaque): boolean {
    return other instanceof URLValue && other.text === this.text;
  }

  get hostname(): string {
    const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))/.exec(this.host) ?? [];
    return bracketed ?? plain;
  }

  get port(): string {
    return /:([0-9]*)$/.exec(this.host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '';
  }

  get escapedPath(): string {
    if (PATH_PLAIN.test(this.path)) return this.path;
    return decode(this.path).replace(PATH_ESCAPED, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    );
  }

  /** By name, all values of a name in their order. Pairs that aren't well formed are left out, as Go does it. */
  get pairs(): ReadonlyMap<string, readonly string[]> {
    const pairs = new Map<string, string[]>();
    for (const pair of this.query.split('#', 1)[0]?.split('&') ?? []) {
      if (pair === '' || pair.includes(';') || BAD_ESCAPE.test(pair)) continue;
      const [name = '', ...value] = pair.split('=').map((part) => decode(part.replaceAll('+', ' ')));
      const known = pairs.get(name);
      if (known === undefined) pairs.set(name, [value.join('=')]);
      else known.push(value.join('='));
    }
    return pairs;
  }
}

export const urls: Library = [
  fn('url', ['string'], TYPE, (budget: Budget, text: string) => parse(budget, text)),
  fn('isURL', ['string'], 'bool', (budget: Budget, text: string) => {
    try {
      parse(budget, text);
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }),
  method('getScheme', [TYPE], 'string', (_: Budget, { scheme }: URLValue) => scheme),
  method('getHost', [TYPE], 'string', (_: Budget, { host }: URLValue) => host),
  method('getHostname', [TYPE], 'string', (_: Budget, { hostname }: URLValue) => hostname),
  method('getPort', [TYPE], 'string', (_: Budget, { port }: URLValue) => port),
  method('getEscapedPath', [TYPE], 'string', (_: Budget, { escapedPath }: URLValue) => escapedPath),
  method('getQuery', [TYPE], 'map(string, list(string))', (budget: Budget, { pairs }: URLValue) => {
    budget.spend(pairs.size);
    const map = new MapValue();
    for (const [name, values] of pairs) map.insert(name, TextList.from(values));
    return map;
  }),
];

function parse(budget: Budget, text: string): URLValue {
  budget.spendOn(text.length);
  return new URLValue(text);
}

function parseHost(text: string, authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const invalid = HOST_INVALID.exec(host)?.[0];
  if (invalid !== undefined) fail(text, `invalid character "${invalid}" in host name`);
  const port = host.startsWith('[')
    ? host.slice(host.lastIndexOf(']') + 1)
    : host.slice(host.lastIndexOf(':'));
  if (host.startsWith('[') && !host.includes(']')) fail(text, "missing ']' in host");
  if ((host.startsWith('[') || host.includes(':')) && port !== '' && !/^:[0-9]*$/.test(port)) {
    fail(text, `invalid port "${port}" after host`);
  }
  return host;
}

function decode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
  );
}

function fail(text: string, problem: string): never {
  throw new Fault(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${problem}`);
}
