// The proxies that can be run here: Debian's nginx, HAProxy and Caddy, with their blocks of docs/how-to/load-balancers.md.

import type { Files, Product } from './hops.ts';

const nginx = {
  start: (file: string, { dir }: Files) => ['nginx', ['-p', dir, '-e', 'stderr', '-c', file]] as const,
};
const haproxy = { start: (file: string) => ['haproxy', ['-db', '-q', '-f', file]] as const };

/** nginx with http { }. */
export const NGINX: Product = {
  name: 'nginx',
  block: ['nginx', 0],
  endsTls: true,
  replace: ({ port, certFile, keyFile, gateCaFile }) => [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/nginx/k8s.crt', certFile],
    ['/etc/nginx/k8s.key', keyFile],
    ['/etc/nginx/postern-ca.crt', gateCaFile],
    ['proxy_ssl_name k8s.example.com', 'proxy_ssl_name localhost'],
  ],
  frame: (block, { dir }) =>
    nginxFrame(
      dir,
      `http {
access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path run/${name};`).join('\n')}
${block}
}`,
    ),
  ...nginx,
};

/** nginx with stream { }. */
export const NGINX_TCP: Product = {
  name: 'nginx stream',
  block: ['nginx', 1],
  endsTls: false,
  replace: ({ port }) => [['listen 443', `listen 127.0.0.1:${port}`]],
  frame: (block, { dir }) =>
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n${nginxFrame(dir, block)}`,
  ...nginx,
};

/** HAProxy, mode http. */
export const HAPROXY: Product = {
  name: 'HAProxy',
  block: ['haproxy', 0],
  endsTls: true,
  replace: ({ port, pairFile, gateCaFile }) => [
    ['bind :443 ', `bind 127.0.0.1:${port} `],
    ['/etc/haproxy/k8s.pem', pairFile],
    ['/etc/haproxy/postern-ca.crt', gateCaFile],
  ],
  frame: (block) => `${block}\n`,
  ...haproxy,
};

/** HAProxy, mode tcp. */
export const HAPROXY_TCP: Product = {
  name: 'HAProxy, mode tcp',
  block: ['haproxy', 1],
  endsTls: false,
  replace: ({ port }) => [['bind :443', `bind 127.0.0.1:${port}`]],
  frame: (block) => `${block}\n`,
  ...haproxy,
};

/** Caddy. */
export const CADDY: Product = {
  name: 'Caddy',
  block: ['caddyfile', 0],
  endsTls: true,
  replace: ({ port, certFile, keyFile, gateCaFile }) => [
    ['k8s.example.com {', `https://127.0.0.1:${port} {`],
    ['/etc/caddy/k8s.crt', certFile],
    ['/etc/caddy/k8s.key', keyFile],
    ['/etc/caddy/postern-ca.crt', gateCaFile],
    ['tls_server_name k8s.example.com', 'tls_server_name localhost'],
  ],
  frame: (block) => `{\n  admin off\n  auto_https disable_redirects\n}\n${block}\n`,
  // What it would keep for its next start belongs to the test, too.
  start: (file, { dir }) => [
    'env',
    [
      `XDG_CONFIG_HOME=${dir}`,
      `XDG_DATA_HOME=${dir}`,
      'caddy',
      'run',
      '--config',
      file,
      '--adapter',
      'caddyfile',
    ],
  ],
};

/** A root master would give its worker to a user who may not enter the test's folder. */
function nginxFrame(dir: string, block: string): string {
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
error_log stderr warn;
pid ${dir}/run/pid;
events { worker_connections 200; }
${block}
`;
}
