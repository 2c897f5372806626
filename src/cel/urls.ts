// Kubernetes' URL library: isURL, url, and what a URL is made of. As there, only absolute URLs and absolute paths are URLs.

import type { Environment } from '@marcbachmann/cel-js';
import { parses } from './parses.ts';

/** A URL that Go's url.ParseRequestURI would take. */
class KubeURL {
  readonly scheme: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  constructor(text: string) {
    const [, scheme = '', authority, path = '', query = ''] =
      /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#\s]*))?(\/[^?#\s]*|)(?:\?([^#\s]*))?(?:#\S*)?$/.exec(
        text,
      ) ?? [];
    if (authority === undefined && path === '')
      throw new Error(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
    this.scheme = scheme.toLowerCase();
    this.host = (authority ?? '').replace(/^[^@]*@/, '');
    const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(this.host) ?? [];
    this.hostname = name.replace(/^\[|\]$/g, '');
    this.port = port;
    this.path = path;
    this.query = query;
  }
}

/** Registers them. */
export function registerURLs(cel: Environment): void {
  cel.registerType('kubernetes.URL', { ctor: KubeURL, fields: {} });
  cel.registerFunction('isURL(string): bool', (text: string) => parses(() => new KubeURL(text)));
  cel.registerFunction('url(string): kubernetes.URL', (text: string) => new KubeURL(text));
  cel.registerFunction('kubernetes.URL.getScheme(): string', ({ scheme }: KubeURL) => scheme);
  cel.registerFunction('kubernetes.URL.getHost(): string', ({ host }: KubeURL) => host);
  cel.registerFunction('kubernetes.URL.getHostname(): string', ({ hostname }: KubeURL) => hostname);
  cel.registerFunction('kubernetes.URL.getPort(): string', ({ port }: KubeURL) => port);
  cel.registerFunction('kubernetes.URL.getEscapedPath(): string', ({ path }: KubeURL) => path);
  cel.registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', ({ query }: KubeURL) => {
    const values = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(query))
      values.set(name, [...(values.get(name) ?? []), value]);
    return values;
  });
}
