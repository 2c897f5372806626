// The proxies that can be run here: Debian's nginx, HAProxy and Caddy, with their blocks of docs/how-to/load-balancers.md.

import { run } from '../cluster/run.ts';
import type { Files, Product } from './hops.ts';

const DAY = ['24h', '1s'] as const;

const nginx = {
  patience: DAY,
  start: (file: string, { dir }: Files) => ['nginx', ['-p', dir, '-e', 'stderr', '-c', file]] as const,
};
const haproxy = {
  patience: DAY,
  start: (file: string) => ['haproxy', ['-db', '-q', '-f', file]] as const,
};

/** nginx with http { }. */
export const NGINX: Product = {
  name: 'nginx',
  block: ['nginx', '# in http'],
  endsTls: true,
  replace: ({ port, certFile, keyFile, gateCaFile, host, gatePort }) => [
    ['10.0.0.1:8443', `${host}:${gatePort}`],
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
  block: ['nginx', '# beside http'],
  endsTls: false,
  replace: ({ port, host, gatePort }) => [
    ['10.0.0.1:8443', `${host}:${gatePort}`],
    ['listen 443', `listen 127.0.0.1:${port}`],
  ],
  frame: (block, { dir }) =>
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n${nginxFrame(dir, block)}`,
  ...nginx,
};

/** HAProxy, mode http. */
export const HAPROXY: Product = {
  name: 'HAProxy',
  block: ['haproxy', 'global'],
  endsTls: true,
  replace: ({ port, pairFile, gateCaFile, host, gatePort }) => [
    ['10.0.0.1:8443', `${host}:${gatePort}`],
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
  block: ['haproxy', 'listen postern'],
  endsTls: false,
  replace: ({ port, host, gatePort }) => [
    ['10.0.0.1:8443', `${host}:${gatePort}`],
    ['bind :443', `bind 127.0.0.1:${port}`],
  ],
  frame: (block) => `${block}\n`,
  ...haproxy,
};

/** Caddy. */
export const CADDY: Product = {
  name: 'Caddy',
  patience: undefined,
  block: ['caddyfile', 'k8s.example.com {'],
  endsTls: true,
  replace: ({ port, certFile, keyFile, gateCaFile, host, gatePort }) => [
    ['10.0.0.1:8443', `${host}:${gatePort}`],
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

/** Envoy. No package registry of this project's tests has it: it is tried where it is in PATH. */
export const ENVOY: Product = {
  name: 'Envoy',
  patience: ['stream_idle_timeout: 0s', 'stream_idle_timeout: 1s'],
  block: ['yaml', 'static_resources:'],
  endsTls: true,
  replace: ({ port, certFile, keyFile, gateCaFile, host, gatePort }) => [
    ['address: 0.0.0.0, port_value: 443}', `address: 127.0.0.1, port_value: ${port}}`],
    ['address: 10.0.0.1, port_value: 8443}', `address: ${host}, port_value: ${gatePort}}`],
    ['/etc/envoy/k8s.crt', certFile],
    ['/etc/envoy/k8s.key', keyFile],
    ['/etc/envoy/postern-ca.crt', gateCaFile],
    ['k8s.example.com', 'localhost'],
  ],
  frame: (block) => `${block}\n`,
  start: (file) => [
    'envoy',
    ['--config-path', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warn'],
  ],
};

/** Whether Envoy is here. */
export async function hasEnvoy(): Promise<boolean> {
  return (await run('envoy', ['--version'], { timeoutMs: 10_000 })).code === 0;
}

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
