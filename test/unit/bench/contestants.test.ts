import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { haproxyConfig } from '../../../bench/contestants/haproxy.ts';
import { nginxConfig } from '../../../bench/contestants/nginx.ts';
import { makeGateConfig, makeKubeconfig } from '../../../bench/contestants/postern.ts';
import { makeCA } from '../../../src/certificates.ts';
import { runCheck } from '../../../src/cli/check.ts';

const FILES = { caFile: '/x/ca.crt', certFile: '/x/tls.crt', keyFile: '/x/tls.key', pairFile: '/x/tls.pem' };

t.test("Postern's configuration passes its own check", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const ca = await makeCA('CA');
  const pair = await ca.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ground = {
    caPem: ca.certPem,
    certFile: write('tls.crt', pair.certPem),
    keyFile: write('tls.key', pair.keyPem),
    issuer: { url: 'https://127.0.0.1:1', audience: 'postern' },
  };
  const kubeconfig = write('kubeconfig', JSON.stringify(makeKubeconfig(ground, 6443)));
  const config = write(
    'postern.yaml',
    JSON.stringify(makeGateConfig(ground, { port: 8443, opsPort: 8080 }, kubeconfig)),
  );
  let printed = '';
  const print = (text: string) => {
    printed += text;
    return true;
  };
  const stream = { write: print } as unknown as NodeJS.WriteStream;
  const io = { stdout: stream, stderr: stream, env: {}, version: '0' };
  t.equal(await runCheck(['--config', config], io), 0, printed);
});

t.test(
  'HAProxy: one thread, TLS 1.3 and verification on both sides, HTTP/1.1 to the upstream, no log',
  async (t) => {
    const text = haproxyConfig(FILES, {
      port: 1001,
      upstreamPort: 1002,
      more: 'ssl-default-bind-ciphersuites X',
    });
    for (const words of [
      /^ {2}nbthread 1$/m,
      /^ {2}bind 127\.0\.0\.1:1001 ssl crt \/x\/tls\.pem ssl-min-ver TLSv1\.3 alpn h2,http\/1\.1$/m,
      /^ {2}server one 127\.0\.0\.1:1002 ssl verify required ca-file \/x\/ca\.crt verifyhost localhost .*alpn http\/1\.1$/m,
      /^ {2}ssl-default-bind-ciphersuites X$/m,
    ])
      t.match(text, words);
    t.notMatch(text, /\blog\b/);
  },
);

t.test('nginx: one worker, verification, upgrades, kept connections, nothing buffered, no log', async (t) => {
  const at = { port: 1001, upstreamPort: 1002, prefix: '/y', isRoot: false };
  const text = nginxConfig(FILES, at);
  for (const words of [
    'worker_processes 1;',
    'listen 127.0.0.1:1001 ssl http2;',
    'server 127.0.0.1:1002;',
    'keepalive 100;',
    'proxy_http_version 1.1;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_ssl_verify on;',
    'proxy_ssl_trusted_certificate /x/ca.crt;',
    'proxy_buffering off;',
    'access_log off;',
  ])
    t.ok(text.includes(words), words);
  t.notMatch(text, /^user /m);
  t.match(nginxConfig(FILES, { ...at, isRoot: true }), /^user root;$/m);
  const paths = [...text.matchAll(/ (\/[^\s;]+)/g)].map(([, path = '']) => path);
  t.same(
    paths.filter((path) => !/^\/(x|y)\/|^\/$/.test(path)),
    [],
    'it writes nowhere else',
  );
});
