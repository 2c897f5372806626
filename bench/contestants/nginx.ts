// nginx as Debian ships it: one worker, TLS on both sides with verification, HTTP/1.1 with kept connections to the upstream, upgrades,
// nothing buffered, no access log. It checks no identity.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../processes.ts';
import { type Contestant, findProgram, type Ground, startedAt, writeConfig } from './contestant.ts';

export const nginx: Contestant = {
  name: 'nginx',
  what: 'nginx, one worker, no identity, no log',
  optional: false,
  isProxy: true,
  find: () => findProgram('nginx', '-V', /nginx\/(\S+)/, 'nginx-light'),
  async start(ground, upstreamPort) {
    const port = await freePort();
    const prefix = join(ground.folder, `nginx-${port}`);
    mkdirSync(prefix);
    const text = nginxConfig(ground, { port, upstreamPort, prefix, isRoot: process.getuid?.() === 0 });
    const file = writeConfig(ground, `nginx-${port}.conf`, text);
    const program = await ground.processes.start({
      name: 'nginx',
      command: 'nginx',
      args: ['-p', prefix, '-e', 'stderr', '-c', file],
      folder: ground.folder,
    });
    await untilListening(program, port);
    return startedAt(port, program);
  },
};

/** Its configuration; files that it writes go under `prefix`. A root master would give the worker to a user who may not enter there. */
export function nginxConfig(
  ground: Pick<Ground, 'certFile' | 'keyFile' | 'caFile'>,
  at: {
    readonly port: number;
    readonly upstreamPort: number;
    readonly prefix: string;
    readonly isRoot: boolean;
  },
): string {
  return `daemon off;
${at.isRoot ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr warn;
pid ${at.prefix}/pid;
events { worker_connections 10000; }
http {
  access_log off;
  client_body_temp_path ${at.prefix}/body;
  proxy_temp_path ${at.prefix}/proxy;
  fastcgi_temp_path ${at.prefix}/fastcgi;
  uwsgi_temp_path ${at.prefix}/uwsgi;
  scgi_temp_path ${at.prefix}/scgi;
  client_max_body_size 0;
  keepalive_timeout 1h;
  keepalive_requests 100000000;
  http2_max_concurrent_streams 2000;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream apiserver {
    server 127.0.0.1:${at.upstreamPort};
    keepalive 100;
    keepalive_requests 100000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${at.port} ssl http2;
    ssl_certificate ${ground.certFile};
    ssl_certificate_key ${ground.keyFile};
    ssl_protocols TLSv1.3;
    location / {
      proxy_pass https://apiserver;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${ground.caFile};
      proxy_ssl_name localhost;
      proxy_ssl_protocols TLSv1.3;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 24h;
      proxy_send_timeout 24h;
    }
  }
}
`;
}
