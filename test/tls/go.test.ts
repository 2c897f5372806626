// Go's crypto/tls against the listener: kubectl, client-go and everything of Kubernetes stand on it. Skipped where there is no go.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { faultOfCipherSuite, listCipherSuites } from '../../src/config/ciphers.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

/** What the program in goclient/ prints; undefined where there is no go. @throws Error when it fails */
async function goclient(...args: string[]): Promise<unknown> {
  try {
    const options = { cwd: join(import.meta.dirname, 'goclient') };
    return JSON.parse((await promisify(execFile)('go', ['run', '.', ...args], options)).stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

t.test("names of suites, and which are insecure, are as Go's crypto/tls has them", async (t) => {
  const suites = (await goclient('suites')) as { name: string; insecure: boolean }[] | undefined;
  if (suites === undefined) return void t.pass('there is no go here', { skip: true });
  t.ok(suites.length > 15);
  const ours = listCipherSuites();
  for (const { name, insecure } of suites) {
    // RC4 and 3DES: not in OpenSSL any more, and nobody's loss.
    t.equal(ours.includes(name), !/RC4|3DES/.test(name), name);
    if (ours.includes(name))
      t.equal(faultOfCipherSuite(name) === 'is an insecure cipher suite', insecure, name);
  }
  // kube-apiserver takes the two ChaCha20 suites by their older names, too.
  const known = new Set(
    suites.flatMap(({ name }) => [name, name.replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')]),
  );
  t.same(
    ours.filter((name) => !known.has(name)),
    [],
    "all are names of Go's",
  );
});

t.test('Go shakes hands as it does with kube-apiserver, and resumes', async (t) => {
  const upstream = await startUpstream();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const caFile = join(gate.dir, 'ca.crt');
  writeFileSync(caFile, gate.ca.certPem);
  const shaken = await goclient('shake', `127.0.0.1:${gate.port}`, caFile);
  if (shaken === undefined) return void t.pass('there is no go here', { skip: true });
  const tls13 = { version: 'TLS 1.3', suite: 'TLS_AES_128_GCM_SHA256', curve: 'X25519MLKEM768' };
  const tls12 = { version: 'TLS 1.2', suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', alpn: 'http/1.1' };
  t.match(shaken, [
    { ...tls13, alpn: 'h2', resumed: false },
    { ...tls13, alpn: 'h2', resumed: true },
    { ...tls12, curve: 'X25519', resumed: false },
    { ...tls12, resumed: true },
    { ...tls13, alpn: '', resumed: false },
    { ...tls13, alpn: '', resumed: true },
  ]);
});
