// A configuration and a certificate that somebody else keeps, both in Secrets: the chart only says where Postern listens. What changes in
// them is taken up by the running gate, with no helm in between.

import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { until } from '../e2e/wait.ts';
import { aliceWith, makeTarget, untilAll } from './alice.ts';
import { adminOrFail, helm, NAMESPACE, readContext } from './context.ts';
import * as gate from './gate.ts';

const context = readContext();
const SECRETS = ['vault-config', 'vault-tls'];
await makeTarget(context);
t.teardown(async () => {
  await helm(context, ['uninstall', gate.RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait']);
  await adminOrFail(context, [
    'delete',
    'secret',
    '--namespace',
    NAMESPACE,
    '--ignore-not-found',
    ...SECRETS,
  ]);
});

t.test('the gate runs by them, and takes up what becomes of them', async (t) => {
  const ca = await makeCA('vault');
  const first = await ca.issue({ commonName: 'gate', dnsNames: ['old.example.com'] });
  const { config } = gate.installValues(context) as { config: object };
  const whole = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    clusters: [{ name: 'cluster', inCluster: true }],
    ...config,
  };
  await keep('vault-config', { 'gate.yaml': JSON.stringify(whole) });
  await keep('vault-tls', { 'tls.crt': first.certPem, 'tls.key': first.keyPem });
  const values = {
    ...gate.installValues(context, {
      replicaCount: 1,
      existingConfig: { kind: 'Secret', name: 'vault-config', key: 'gate.yaml', drainTimeout: '20s' },
      tls: { mode: 'ExistingSecret', existingSecret: 'vault-tls' },
    }),
    config: {},
  };
  const installed = await gate.release(context, 'install', values);
  t.equal(installed.code, 0, installed.stderr);

  const alice = aliceWith(context, await gate.writeKubeconfig(context, 'vault', ca.certPem));
  await untilAll(context, alice, ['--tls-server-name', 'old.example.com', 'get', 'pods'], 'done');

  const rules = [{ name: 'closed', decision: 'Deny', message: 'closed for today' }];
  const second = await ca.issue({ commonName: 'gate', dnsNames: ['new.example.com'] });
  await keep('vault-config', { 'gate.yaml': JSON.stringify({ ...whole, authorization: { rules } }) });
  await keep('vault-tls', { 'tls.crt': second.certPem, 'tls.key': second.keyPem });
  await gate.lookNow(context);
  const question = ['--tls-server-name', 'new.example.com', 'get', 'pods'];
  await until(
    'the new certificate and the new rule',
    async () => /closed for today/.test(await untilAll(context, alice, question, 'refused')),
    90_000,
  );
  t.match((await alice.run([...(await atPod()), ...question])).stderr, /closed for today/);
});

/** The one replica's own address. */
async function atPod(): Promise<readonly string[]> {
  const [pod] = await gate.gatePods(context);
  return ['--server', `https://${pod?.address}:8443`];
}

/** Makes a Secret, or changes it. */
async function keep(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, stringData };
  await adminOrFail(context, ['apply', '-f', '-'], { input: JSON.stringify(secret) });
}
