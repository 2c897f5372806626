// Postern in a Pod as an operator writes it by hand: configuration from a ConfigMap, keys and kubeconfig from Secrets, everything that the
// restricted Pod Security Standard asks for and a read-only root file system. The namespace enforces that standard, so the API server refuses
// the Pod if it doesn't.

import { readFileSync } from 'node:fs';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type Context, TAG } from './context.ts';

/** The namespace of the gate's pods. */
export const NAMESPACE = 'image';
/** The name in the gate's certificate. */
export const SERVER_NAME = 'postern.example.com';
/** Seconds that Kubernetes gives a pod to end. */
export const GRACE_SECONDS = 30;

/** The objects that the pods mount, and what their callers need. */
export interface Installation {
  readonly objects: readonly object[];
  readonly issuer: Issuer;
  readonly ca: CertificateAuthority;
}

/** Starts an issuer that pods reach, and describes the gate's objects. */
export async function describeInstallation(context: Context): Promise<Installation> {
  const issuer = await startIssuer({ host: context.hostAddress });
  const ca = await makeCA('gate CA');
  const serving = await ca.issue({ commonName: 'postern', dnsNames: [SERVER_NAME] });
  const named = (name: string): object => ({ name, namespace: NAMESPACE });
  const config = configuration(issuer);
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: named('postern'),
      data: {
        'postern.yaml': JSON.stringify(config, null, 2),
        'broken.yaml': JSON.stringify({ ...config, logs: {} }, null, 2),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: named('postern'),
      stringData: {
        'tls.crt': serving.certPem,
        'tls.key': serving.keyPem,
        'lab.kubeconfig': readFileSync(context.gateKubeconfig, 'utf8'),
      },
    },
  ];
  return { objects, issuer, ca };
}

/** A Pod that runs `postern` with `args`; `finalizers` keep the object after its end, so that how it ended can be read. */
export function describePod(
  name: string,
  args: readonly string[],
  { probes = false, finalizers = [] as readonly string[] } = {},
): object {
  const probe = (path: string): object => ({ httpGet: { path, port: 'ops' }, periodSeconds: 1 });
  const container = {
    name: 'postern',
    image: TAG,
    imagePullPolicy: 'Never',
    args,
    ports: [
      { name: 'https', containerPort: 8443 },
      { name: 'ops', containerPort: 9090 },
    ],
    ...(probes ? { livenessProbe: probe('/livez'), readinessProbe: probe('/readyz') } : {}),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'configuration', mountPath: '/etc/postern', readOnly: true }],
  };
  const sources = [{ configMap: { name: 'postern' } }, { secret: { name: 'postern' } }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, finalizers },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, fsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container],
      volumes: [{ name: 'configuration', projected: { defaultMode: 0o440, sources } }],
    },
  };
}

function configuration(issuer: Issuer): object {
  return {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '0.0.0.0:8443', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    ops: { address: '0.0.0.0:9090' },
    clusters: [{ name: 'lab', kubeconfig: 'lab.kubeconfig' }],
    authentication: {
      jwt: [
        {
          issuer: { url: issuer.url, audiences: ['postern'], certificateAuthority: issuer.caPem },
          claimMappings: {
            username: { claim: 'email', prefix: '' },
            groups: { claim: 'groups', prefix: '' },
          },
        },
      ],
    },
    sessions: { drainTimeout: '20s' },
  };
}
