// The rules of the keys in onwardschema.ts: which credential an identity mode needs of its kubeconfig, and what the token webhook's listener
// must not share with the others.

import type { ClusterAccess } from '../kube/kubeconfig.ts';
import type { IdentityMode } from './config.ts';
import { type Findings, itemPath } from './findings.ts';
import { overlaps, parseHostPort } from './network.ts';
import { DEFAULT_GATE_USER } from './onwardschema.ts';
import { quote } from './quote.ts';

/** What the rules look at, as far as it passed the schema. */
export interface OnwardKeys {
  readonly clusters: readonly (
    | {
        readonly identity?: string | undefined;
        readonly inCluster?: boolean | undefined;
        readonly gateUser?: string | undefined;
      }
    | undefined
  )[];
  readonly listeners: readonly (readonly [path: string, address: string | undefined])[];
  readonly webhook:
    | {
        readonly address?: string | undefined;
        readonly audiences?: readonly (string | undefined)[] | undefined;
      }
    | undefined;
}

/** Why a credential can't serve an identity mode, as the end of a sentence about the kubeconfig; undefined when it can. */
export function credentialProblem(
  identity: IdentityMode,
  { clientCertPem, token }: Pick<ClusterAccess, 'clientCertPem' | 'token'>,
): string | undefined {
  if (identity === 'Passthrough' && clientCertPem !== '')
    return (
      "holds a client certificate, which the API server would take before the callers' own tokens: " +
      'with identity: Passthrough every request would be its user; leave the certificate out'
    );
  if (identity === 'RequestHeader' && token !== '')
    return 'holds a token; identity: RequestHeader needs the front-proxy client certificate, and nothing beside it';
  if (identity === 'RequestHeader' && clientCertPem === '')
    return 'holds no client certificate; identity: RequestHeader needs the one that the API server knows by --requestheader-client-ca-file';
  return undefined;
}

/** Why the gate can't ask with this credential whose a service account's token is, likewise; a warning, for other clusters may be those that are meant. */
export function reviewProblem(
  identity: IdentityMode,
  { token }: Pick<ClusterAccess, 'token'>,
): string | undefined {
  return identity === 'Passthrough' && token === ''
    ? 'holds no token, with which authentication.serviceAccounts is asked about: no service account can come to this cluster; ' +
        'give it the token of an account that may create tokenreviews'
    : undefined;
}

/** Checks every rule; problems go to `findings`. */
export function checkOnward({ clusters, listeners, webhook }: OnwardKeys, findings: Findings): void {
  for (const [index, cluster] of clusters.entries()) {
    const { identity, gateUser = DEFAULT_GATE_USER } = cluster ?? {};
    if (identity !== undefined && identity !== 'RequestHeader' && gateUser !== DEFAULT_GATE_USER)
      findings.error(
        `${itemPath('clusters', index)}.gateUser`,
        `is stated with identity: RequestHeader only; with ${identity} the gate is the user of its kubeconfig: leave it out`,
      );
    if (cluster?.identity === 'RequestHeader' && cluster.inCluster === true)
      findings.error(
        `${itemPath('clusters', index)}.identity`,
        'RequestHeader needs a front-proxy client certificate, and inCluster: true has a token only; write kubeconfig: FILE',
      );
  }
  if (webhook === undefined) return;
  const address = parseHostPort(webhook.address ?? '');
  for (const [path, text] of listeners) {
    const other = parseHostPort(text ?? '');
    if (address && other && overlaps(address, other))
      findings.error(
        'tokenWebhook.address',
        `is the same as ${path} (${quote(text ?? '')}); use another port`,
      );
  }
  for (const [index, audience] of (webhook.audiences ?? []).entries())
    if (audience?.trim() === '')
      findings.error(itemPath('tokenWebhook.audiences', index), 'must not be empty');
}

/** The keys that `checkOnward` looks at. */
export function onwardKeys(config: {
  readonly clusters?: OnwardKeys['clusters'] | undefined;
  readonly listen?: { readonly address?: string | undefined } | undefined;
  readonly ops?: { readonly address?: string | undefined } | undefined;
  readonly tokenWebhook?: OnwardKeys['webhook'];
}): OnwardKeys {
  return {
    clusters: config.clusters ?? [],
    listeners: [
      ['listen.address', config.listen?.address],
      ['ops.address', config.ops?.address],
    ],
    webhook: config.tokenWebhook,
  };
}
