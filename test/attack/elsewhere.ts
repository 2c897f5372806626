// Preloaded into a gate that would talk to AWS and the like: leads TLS connections to the names in POSTERN_ELSEWHERE (JSON: name to port) to loopback, as a
// resolver and a route would, and lets none leave the machine. The names that are verified stay what they are; NODE_EXTRA_CA_CERTS says by whose authority.

import { createRequire } from 'node:module';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

// The object that undici takes its functions from.
const tls = createRequire(import.meta.url)('node:tls') as {
  connect: (options: ConnectionOptions) => TLSSocket;
};
const { connect } = tls;
const places = JSON.parse(process.env['POSTERN_ELSEWHERE'] ?? '{}') as Readonly<Record<string, number>>;

tls.connect = (options) => {
  const host = String(options.host ?? '');
  const port = places[host];
  if (port !== undefined) return connect({ ...options, host: '127.0.0.1', port });
  if (/^(?:127\.|localhost$|::1$)/.test(host)) return connect(options);
  // Discard: nothing listens there.
  return connect({ ...options, host: '127.0.0.1', port: 9 });
};
