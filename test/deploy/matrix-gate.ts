// Rows of the matrix: what Postern is told, its certificate, its rights.

import { claims, container, issuer, jwt, NAME, people, pod, ROLE, type Row } from './rows.ts';

/** Configuration, certificates, rights. */
export const GATE: readonly Row[] = [
  {
    for: 'a configuration in a Secret that another tool keeps: the chart says where to listen',
    values: { existingConfig: { kind: 'Secret', name: 'vault-postern', drainTimeout: '1m' } },
    shows: {
      ...pod({
        terminationGracePeriodSeconds: 80,
        volumes: [{ name: 'config', secret: { secretName: 'vault-postern' } }, { name: 'tls' }],
      }),
      ...container({
        args: [
          'serve',
          '--config',
          '/etc/postern/config/postern.yaml',
          '--set',
          'listen.address=:8443',
          '--set',
          'listen.tls.certFile=/etc/postern/tls/tls.crt',
          '--set',
          'listen.tls.keyFile=/etc/postern/tls/tls.key',
          '--set',
          'ops.address=:9090',
        ],
      }),
    },
    lacks: ['ConfigMap'],
  },
  {
    for: "kube-apiserver's own AuthenticationConfiguration beside the configuration",
    values: {
      config: { authentication: { configFile: 'authn.yaml' } },
      files: {
        'authn.yaml': JSON.stringify({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'AuthenticationConfiguration',
          jwt,
        }),
      },
    },
    shows: { [`ConfigMap/${NAME}`]: { data: { 'authn.yaml': /login\.example\.com/ } } },
  },
  {
    for: 'a kubeconfig whose credential lies elsewhere, beside the configuration',
    values: {
      config: people,
      files: { 'b.kubeconfig': 'users: [{name: u, user: {tokenFile: /b/token}}]\ncurrent-context: c\n' },
    },
    shows: { [`ConfigMap/${NAME}`]: { data: { 'b.kubeconfig': /tokenFile/ } } },
  },
  {
    for: 'a certificate from cert-manager',
    apis: ['cert-manager.io/v1/Certificate'],
    values: {
      config: people,
      tls: {
        mode: 'CertManager',
        hosts: ['k8s.example.com', '192.0.2.7'],
        certManager: { issuerRef: { name: 'ca' }, duration: '2160h' },
      },
    },
    shows: {
      [`Certificate/${NAME}`]: {
        spec: {
          secretName: `${NAME}-tls`,
          issuerRef: { name: 'ca', kind: 'ClusterIssuer' },
          ipAddresses: ['192.0.2.7'],
          duration: '2160h',
        },
      },
    },
    lacks: ['Secret'],
  },
  {
    for: 'a certificate that is there already',
    values: { config: people, tls: { mode: 'ExistingSecret', existingSecret: 'wildcard' } },
    shows: pod({ volumes: [{ name: 'config' }, { name: 'tls', secret: { secretName: 'wildcard' } }] }),
    lacks: ['Secret', 'Certificate'],
  },
  {
    for: 'constrained impersonation, in two groups only, reading only',
    values: {
      config: people,
      rbac: {
        groups: ['developers', 'oncall'],
        actions: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
      },
    },
    shows: {
      [ROLE]: {
        rules: [
          { apiGroups: ['authentication.k8s.io'], resources: ['users'], verbs: ['impersonate:user-info'] },
          {
            resources: ['groups'],
            resourceNames: ['developers', 'oncall'],
            verbs: ['impersonate:user-info'],
          },
          { resources: ['uids'] },
          {
            resources: ['*'],
            verbs: [
              'impersonate-on:user-info:get',
              'impersonate-on:user-info:list',
              'impersonate-on:user-info:watch',
            ],
          },
          { resources: ['subjectaccessreviews'] },
        ],
      },
    },
  },
  {
    for: 'classic impersonation of named users, with a mapped extra key, and nobody acting as another',
    values: {
      config: {
        clusters: [{ name: 'cluster', inCluster: true, impersonation: 'Refuse' }],
        authentication: {
          jwt: [
            {
              issuer,
              claimMappings: {
                ...claims,
                extra: [{ key: 'example.com/team', valueExpression: 'claims.team' }],
              },
            },
          ],
        },
      },
      rbac: { impersonation: 'Classic', users: ['jane@example.com'] },
    },
    shows: {
      [ROLE]: {
        rules: [
          {
            apiGroups: [''],
            resources: ['users'],
            resourceNames: ['jane@example.com'],
            verbs: ['impersonate'],
          },
          { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'] },
          {
            resources: [
              'uids',
              'userextras/authentication.kubernetes.io/credential-id',
              'userextras/example.com/team',
            ],
            verbs: ['impersonate'],
          },
        ],
      },
    },
  },
  {
    for: 'service accounts of two namespaces beside people',
    values: {
      config: { authentication: { jwt, serviceAccounts: {} } },
      rbac: { serviceAccountNamespaces: ['default', 'kube-system'] },
    },
    shows: { [`Role/gate-${NAME}`]: { rules: [{ resources: ['serviceaccounts'], verbs: ['impersonate'] }] } },
  },
  {
    for: 'service accounts at a cluster that callers come to with their own tokens: the gate asks, and may stand for nobody',
    values: {
      config: {
        clusters: [{ name: 'cluster', inCluster: true, identity: 'Passthrough' }],
        authentication: { serviceAccounts: {} },
      },
    },
    shows: {
      [ROLE]: {
        rules: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
      },
      [`ClusterRoleBinding/gate-${NAME}`]: { subjects: [{ name: NAME }] },
    },
    lacks: ['Role'],
  },
  {
    for: 'the list of sessions in ConfigMaps of a namespace of its own',
    values: { config: { ...people, sessions: { registry: { kubernetes: { namespace: 'default' } } } } },
    shows: {
      [`Role/gate-${NAME}-replica`]: {
        metadata: { namespace: 'default' },
        rules: [{ resources: ['configmaps'], verbs: ['create', 'update', 'get', 'list', 'watch', 'delete'] }],
      },
    },
  },
  {
    for: 'AWS identities, whose extra keys constrained impersonation does not allow',
    values: {
      config: {
        authentication: {
          awsIAM: { clusterID: 'prod', mapFile: 'aws-auth.yaml', stsRegions: ['eu-west-1'] },
        },
      },
      files: { 'aws-auth.yaml': 'mapUsers: []\n' },
    },
    shows: { [ROLE]: { rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }] } },
  },
  {
    for: "callers' own tokens handed on: no rights, and clusters elsewhere: no token",
    values: {
      config: {
        ...people,
        clusters: [
          {
            name: 'prod',
            kubeconfig: '/etc/postern/prod/kubeconfig',
            match: { pathPrefix: '/clusters/prod' },
          },
          {
            name: 'staging',
            kubeconfig: '/etc/postern/staging/kubeconfig',
            match: { hosts: ['staging.k8s.example.com'] },
          },
        ],
      },
      extraVolumes: [{ name: 'prod', secret: { secretName: 'prod' } }],
      extraVolumeMounts: [{ name: 'prod', mountPath: '/etc/postern/prod', readOnly: true }],
    },
    shows: pod({ automountServiceAccountToken: false }),
    lacks: ['ClusterRole', 'ClusterRoleBinding'],
  },
];
