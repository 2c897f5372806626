// HAProxy as Debian ships it: one thread, TLS on both sides with verification, HTTP/1.1 to the upstream, no log. It checks no identity.
// Where a setting could slow it down beside the others, it has the faster one: connections to the upstream are shared (http-reuse always).

import { freePort, untilListening } from '../processes.ts';
import { type Contestant, findProgram, type Ground, startedAt, writeConfig } from './contestant.ts';

/** The line of /etc/haproxy/haproxy.cfg as Debian's package installs it; OpenSSL's own order begins with AES-256. */
const DEBIAN_SUITES =
  'ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/** HAProxy with its own TLS defaults. */
export const haproxy = makeHaproxy({
  name: 'haproxy',
  what: 'HAProxy, one thread, no identity, no log',
  optional: false,
  more: '',
});

/** HAProxy with the order of cipher suites that Debian's example configuration has. */
export const haproxyAes128 = makeHaproxy({
  name: 'haproxy-aes128',
  what: "the same with the cipher suites of Debian's haproxy.cfg, AES-128 first",
  optional: true,
  more: DEBIAN_SUITES,
});

function makeHaproxy(kind: {
  readonly name: string;
  readonly what: string;
  readonly optional: boolean;
  readonly more: string;
}): Contestant {
  return {
    name: kind.name,
    what: kind.what,
    optional: kind.optional,
    isProxy: true,
    find: () => findProgram('haproxy', '-vv', /version (\S+)/, 'haproxy'),
    async start(ground, upstreamPort) {
      const port = await freePort();
      const file = writeConfig(
        ground,
        `${kind.name}-${port}.cfg`,
        haproxyConfig(ground, { port, upstreamPort, more: kind.more }),
      );
      const program = await ground.processes.start({
        name: kind.name,
        command: 'haproxy',
        args: ['-db', '-q', '-f', file],
        folder: ground.folder,
      });
      await untilListening(program, port);
      return startedAt(port, program);
    },
  };
}

/** Its configuration. `more` goes into the global section. */
export function haproxyConfig(
  ground: Pick<Ground, 'pairFile' | 'caFile'>,
  {
    port,
    upstreamPort,
    more,
  }: { readonly port: number; readonly upstreamPort: number; readonly more: string },
): string {
  return `global
  nbthread 1
  maxconn 9000
  ${more}

defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 24h
  timeout http-keep-alive 1h
  http-reuse always

frontend callers
  bind 127.0.0.1:${port} ssl crt ${ground.pairFile} ssl-min-ver TLSv1.3 alpn h2,http/1.1
  default_backend apiserver

backend apiserver
  server one 127.0.0.1:${upstreamPort} ssl verify required ca-file ${ground.caFile} verifyhost localhost ssl-min-ver TLSv1.3 alpn http/1.1
`;
}
