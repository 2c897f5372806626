// Runs a kubeconfig's credential plugin for an operator's own command, as kubectl does (client.authentication.k8s.io/v1 and v1beta1, KEP-541).
// The gate itself runs none.

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { PluginCredential, PluginRun } from '../kube/kubeconfigplugin.ts';

const API_VERSION = /^client\.authentication\.k8s\.io\/v1(beta1)?$/;
const TIMEOUT_MS = 120_000;

type Fields = Readonly<Record<string, unknown>>;

/** Runs `spec`, a user's `exec`. @returns its credential, or what is wrong, as the end of a sentence; never a part of its output */
export function runExecPlugin(
  spec: PluginRun,
  env: Readonly<Record<string, string | undefined>>,
): PluginCredential | string {
  const { apiVersion, command, args, env: more, directory } = spec;
  if (!API_VERSION.test(apiVersion))
    return `has the apiVersion ${JSON.stringify(apiVersion)}; use client.authentication.k8s.io/v1`;
  if (command === '') return 'names no command';
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: process.stdin.isTTY === true } };
  const run = spawnSync(/[/\\]/.test(command) ? resolve(directory, command) : command, [...args], {
    env: { ...env, ...more, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    stdio: ['inherit', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (run.error !== undefined)
    return `could not be run: ${(run.error as NodeJS.ErrnoException).code ?? 'it failed'}; is ${JSON.stringify(command)} installed?`;
  if (run.status !== 0) return `failed with exit code ${run.status}`;
  const status = statusOf(run.stdout);
  if (status === undefined) return 'printed no ExecCredential';
  const text = (key: string) => (typeof status[key] === 'string' ? status[key] : '');
  const credential = {
    token: text('token').trim(),
    clientCertPem: text('clientCertificateData'),
    clientKeyPem: text('clientKeyData'),
  };
  return credential.token === '' && credential.clientCertPem === '' ? 'gave no credential' : credential;
}

function statusOf(text: string): Fields | undefined {
  try {
    const credential = JSON.parse(text) as { kind?: unknown; status?: unknown };
    if (credential.kind !== 'ExecCredential' || typeof credential.status !== 'object') return undefined;
    return (credential.status ?? undefined) as Fields | undefined;
  } catch {
    return undefined;
  }
}
