// A valid configuration that the tables of tests change in one place, and what loading the result says.

import { join } from 'node:path';
import type { Test } from 'tap';
import { formatError, type LoadOptions, loadConfig } from '../../../src/config/load.ts';

/** Names no file that exists: load it with `files: false`. */
export const BASE = `apiVersion: postern.dev/v1
kind: GateConfiguration
listen:
  address: "127.0.0.1:8443"
  tls:
    certFile: tls.crt
    keyFile: tls.key
  trustedProxies: ["10.0.0.0/8"]
ops:
  address: "127.0.0.1:9090"
clusters:
  - name: prod
    kubeconfig: prod.kubeconfig
authentication:
  jwt:
    - issuer:
        url: https://login.example.com
        audiences: [postern]
      claimMappings:
        username: {claim: email, prefix: ""}
sessions:
  idleTimeout: 0s
log:
  level: info
`;

/** The base with one text in it replaced. */
export function change(from: string, to: string): string {
  if (!BASE.includes(from)) throw new TypeError(`the base has no ${from}`);
  return BASE.replace(from, () => to);
}

/** Every error of the text as LINE:COL path: message; [] when there is none. */
export function errorsOf(text: string, options: Partial<LoadOptions> = {}): string[] {
  const result = loadConfig({ file: 'gate.yaml', text, files: false, env: {}, ...options });
  return result.ok ? [] : result.errors.map((error) => formatError(error).replace(/^gate\.yaml:/, ''));
}

/** Every warning of the text, likewise; throws when it has errors. */
export function warningsOf(text: string, options: Partial<LoadOptions> = {}): string[] {
  const result = loadConfig({ file: 'gate.yaml', text, files: false, env: {}, ...options });
  if (!result.ok) throw new Error(result.errors.map(formatError).join('\n'));
  return result.warnings.map((warning) => warning.replace(/^gate\.yaml:/, ''));
}

/** The errors of a jwt list, as `jwt[0]…: message`: once in the configuration and once in a file of kube-apiserver's, which must agree. */
export function errorsOfEntries(t: Test, entries: readonly object[]): string[] {
  const block = /authentication:\n[\s\S]*?(?=sessions:)/;
  const inline = BASE.replace(block, () => `authentication: {jwt: ${JSON.stringify(entries)}}\n`);
  const document = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: entries,
  };
  const directory = t.testdir({
    'authn.yaml': JSON.stringify(document),
    'gate.yaml': BASE.replace(block, 'authentication: {configFile: authn.yaml}\n'),
  });
  const own = errorsOf(inline).map((error) => error.replace(/^\d+:\d+ authentication\./, ''));
  const loaded = loadConfig({ file: join(directory, 'gate.yaml'), files: false, env: {} });
  const theirs = loaded.ok ? [] : loaded.errors.map(({ path, message }) => `${path}: ${message}`);
  const plain = (error: string) =>
    error.replaceAll('authentication.jwt', 'jwt').replace(/ allowed here: .*/, '');
  t.same(theirs.map(plain), own.map(plain), "the same in kube-apiserver's file");
  return own;
}
