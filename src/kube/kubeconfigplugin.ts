// A kubeconfig user's `exec`: which program gives the credential (client.authentication.k8s.io, KEP-541). Only commands that an operator runs
// for themselves hand in something that runs it; everywhere else such a user is refused.

import { type Fields, isFields, type Reading, text } from './kubeconfigparts.ts';

/** What is to be run. */
export interface PluginRun {
  readonly apiVersion: string;
  /** Without a slash it is looked for in PATH, otherwise from `directory`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the kubeconfig lies. */
  readonly directory: string;
}

/** What it gave; '' for nothing. */
export interface PluginCredential {
  readonly token: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
}

/** Runs it. @returns the credential, or what is wrong as the end of a sentence */
export type RunPlugin = (run: PluginRun) => PluginCredential | string;

/** The credential of a user with `exec`; undefined for a user without. Problems go to `reading`; nothing runs when there are some already. */
export function readPlugin(
  { label, fields }: { readonly label: string; readonly fields: Fields | undefined },
  reading: Reading,
  run: RunPlugin,
): (PluginCredential & { readonly tokenFile: string }) | undefined {
  const exec = fields?.['exec'];
  if (!isFields(exec)) return undefined;
  const nothing = { token: '', clientCertPem: '', clientKeyPem: '' };
  const given =
    reading.errors.length > 0
      ? nothing
      : run({
          apiVersion: text(exec, 'apiVersion'),
          command: text(exec, 'command'),
          args: Array.isArray(exec['args']) ? exec['args'].map(String) : [],
          env: Object.fromEntries(
            (Array.isArray(exec['env']) ? exec['env'] : [])
              .filter(isFields)
              .map((one) => [text(one, 'name'), text(one, 'value')]),
          ),
          directory: reading.directory,
        });
  if (typeof given !== 'string') return { ...given, tokenFile: '' };
  reading.errors.push(`${label}: its credential plugin ${given}`);
  return { ...nothing, tokenFile: '' };
}
