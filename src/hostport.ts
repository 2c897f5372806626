// A host and a port as URLs and Host lines have them (RFC 3986 §3.2.2): an IPv6 address stands in brackets.

/** `host:port`; `host` is a name or a bare address. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
