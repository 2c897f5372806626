// Values that must not come as far as the cluster. `config` rows say, beside helm's words, what `postern check` says of the same mistake: the
// chart refuses what Postern would, as far as JSON Schema and a template can, and the rows of CHECK_ONLY are the rest, which only Postern sees.

import { claims, issuer, jwt, people } from './rows.ts';

/** One refusal. */
export interface Refusal {
  readonly for: string;
  readonly values: object;
  /** What helm says. */
  readonly says: RegExp;
}

const READING = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }];
const kubeconfig = (user: object) => JSON.stringify({ users: [{ name: 'u', user }], 'current-context': 'c' });

/** Mistakes in values that are the chart's own. */
export const VALUES: readonly Refusal[] = [
  { for: 'a key that the chart has not', values: { replicas: 3 }, says: /additional propert.*'?replicas'?/i },
  { for: 'a key in the wrong place', values: { service: { nodePorts: 1 } }, says: /\/service.*nodePorts/ },
  {
    for: 'a word out of no list',
    values: { service: { type: 'Loadbalancer' } },
    says: /\/service\/type.*'LoadBalancer'/,
  },
  {
    for: 'a number as text',
    values: { replicaCount: '2' },
    says: /\/replicaCount.*got string, want integer/,
  },
  { for: 'a port that is none', values: { ports: { https: 84430 } }, says: /\/ports\/https.*65,?535/ },
  {
    for: 'an existing certificate without its name',
    values: { tls: { mode: 'ExistingSecret' } },
    says: /\/tls\/existingSecret/,
  },
  {
    for: 'cert-manager without an issuer',
    values: { tls: { mode: 'CertManager' } },
    says: /\/tls\/certManager\/issuerRef\/name/,
  },
  {
    for: 'a configuration of somebody without its name',
    values: { existingConfig: { kind: 'Secret' } },
    says: /\/existingConfig\/name/,
  },
  {
    for: 'a TLSRoute to no Gateway',
    values: { gateway: { enabled: true, hostnames: ['a.example.com'] } },
    says: /\/gateway\/parentRefs/,
  },
  { for: 'an Ingress without a name', values: { ingress: { enabled: true } }, says: /\/ingress\/hosts/ },
  {
    for: 'scaling by nothing',
    values: { config: people, autoscaling: { enabled: true, cpuPercent: null } },
    says: /autoscaling\.enabled needs something to go by/,
  },
  {
    for: 'service accounts without namespaces',
    values: { config: { authentication: { serviceAccounts: {} } } },
    says: /name their namespaces in rbac\.serviceAccountNamespaces/,
  },
  {
    for: "an address for the listener, which is the chart's",
    values: { config: { listen: { address: ':9443' } } },
    says: /\/config\/listen.*address/,
  },
  {
    for: "a file in the configuration's place",
    values: { files: { 'postern.yaml': '' } },
    says: /propertyName 'postern\.yaml'/,
  },
  ...[
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHc'],
    ['a kubeconfig with a key', kubeconfig({ 'client-key-data': 'LS0t' })],
    ['a kubeconfig with a token', kubeconfig({ token: 'x' })],
    ['the same in YAML', 'users:\n- user:\n    token: x\n  name: u\ncurrent-context: c\n'],
  ].map(
    ([what, content]): Refusal => ({
      for: `${what} in a ConfigMap`,
      values: { files: { 'a.txt': content } },
      says: /files: "a\.txt" holds a private key or a token.*extraVolumes/,
    }),
  ),
  {
    for: 'source ranges that no load balancer would hold to',
    values: { service: { type: 'NodePort', loadBalancerSourceRanges: ['203.0.113.0/24'] } },
    says: /\/service\/loadBalancerSourceRanges/,
  },
  {
    for: 'actions that classic impersonation would not hold to',
    values: { rbac: { impersonation: 'Classic', actions: READING } },
    says: /rbac\.actions.*constrained impersonation.*authorization\.rules/,
  },
  {
    for: 'the same where AWS identities take the classic verb',
    values: {
      config: {
        authentication: { awsIAM: { clusterID: 'prod', mapFile: 'm.yaml', stsRegions: ['eu-west-1'] } },
      },
      rbac: { actions: READING },
    },
    says: /rbac\.actions.*constrained impersonation/,
  },
  {
    for: 'a verb for everything',
    values: { rbac: { actions: [{ verbs: ['*'] }] } },
    says: /\/rbac\/actions\/0\/verbs/,
  },
];

/** A mistake in `config`, and what Postern says of it. */
export interface ConfigRefusal extends Refusal {
  readonly config: object;
  readonly checkSays: RegExp;
}

const cluster = { name: 'cluster', inCluster: true };

/** Mistakes in `config` that both refuse. */
export const CONFIG: readonly Omit<ConfigRefusal, 'values'>[] = [
  {
    for: 'an unknown key',
    config: { ...people, sesions: {} },
    says: /\/config.*sesions/,
    checkSays: /unknown key "sesions".*did you mean "sessions"/,
  },
  {
    for: 'an unknown key far inside',
    config: { authentication: { jwt: [{ issuer: { ...issuer, audience: ['x'] }, claimMappings: claims }] } },
    says: /\/config\/authentication\/jwt\/0\/issuer.*audience/,
    checkSays: /unknown key "audience"/,
  },
  {
    for: 'no audience',
    config: {
      authentication: { jwt: [{ issuer: { url: issuer.url, audiences: [] }, claimMappings: claims }] },
    },
    says: /\/config\/authentication\/jwt\/0\/issuer\/audiences/,
    checkSays: /audiences: must not be empty/,
  },
  {
    for: 'an issuer over plain HTTP',
    config: {
      authentication: {
        jwt: [{ issuer: { ...issuer, url: 'http://login.example.com' }, claimMappings: claims }],
      },
    },
    says: /\/config\/authentication\/jwt\/0\/issuer\/url/,
    checkSays: /issuer\.url/,
  },
  {
    for: 'a claim without a prefix',
    config: { authentication: { jwt: [{ issuer, claimMappings: { username: { claim: 'email' } } }] } },
    says: /\/config\/authentication\/jwt\/0\/claimMappings\/username/,
    checkSays: /username\.prefix/,
  },
  {
    for: 'a symmetric algorithm',
    config: { authentication: { jwt: [{ ...jwt[0], signingAlgorithms: ['HS256'] }] } },
    says: /\/config\/authentication\/jwt\/0\/signingAlgorithms\/0/,
    checkSays: /signingAlgorithms\[0\]/,
  },
  {
    for: 'a duration without a unit',
    config: { ...people, sessions: { drainTimeout: 300 } },
    says: /\/config\/sessions\/drainTimeout.*got number, want string/,
    checkSays: /drainTimeout: expected a string.*write it with its unit/,
  },
  {
    for: 'a duration that is none',
    config: { ...people, sessions: { drainTimeout: 'five minutes' } },
    says: /\/config\/sessions\/drainTimeout.*does not match pattern/,
    checkSays: /drainTimeout/,
  },
  {
    for: 'a level that is none',
    config: { ...people, log: { level: 'verbose' } },
    says: /\/config\/log\/level/,
    checkSays: /log\.level: expected one of/,
  },
  {
    for: 'no cluster',
    config: { ...people, clusters: [] },
    says: /\/config\/clusters/,
    checkSays: /clusters: must not be empty/,
  },
  {
    for: 'a cluster without a way in',
    config: { ...people, clusters: [{ name: 'prod' }] },
    says: /\/config\/clusters\/0.*kubeconfig/,
    checkSays: /kubeconfig: missing: write kubeconfig: FILE, or inCluster: true/,
  },
  {
    for: 'a cluster with two ways in',
    config: { ...people, clusters: [{ ...cluster, kubeconfig: 'prod.kubeconfig' }] },
    says: /\/config\/clusters\/0\/kubeconfig/,
    checkSays: /exclude each other/,
  },
  {
    for: "front-proxy headers with the pod's token",
    config: { ...people, clusters: [{ ...cluster, identity: 'RequestHeader' }] },
    says: /\/config\/clusters\/0\/identity/,
    checkSays: /RequestHeader needs a front-proxy client certificate/,
  },
  {
    for: 'two clusters of one name',
    config: { ...people, clusters: [cluster, { ...cluster, match: { pathPrefix: '/b' } }] },
    says: /config\.clusters\[1\]\.name: "cluster" is the name of another cluster/,
    checkSays: /names are unique/,
  },
  {
    for: 'two clusters that take everything',
    config: { ...people, clusters: [cluster, { name: 'b', inCluster: true }] },
    says: /config\.clusters\[1\]\.match: missing/,
    checkSays: /only one cluster may take what no other takes/,
  },
  {
    for: 'client certificates of no authority',
    config: { authentication: { clientCertificates: { enabled: true } } },
    says: /\/config.*(listen|clientCAFile)/,
    checkSays: /needs listen\.clientCAFile/,
  },
  {
    for: 'a key of a later version',
    config: { ...people, audit: { backends: ['stdout'] } },
    says: /\/config\/audit/,
    checkSays: /not supported by this version yet/,
  },
];

/** Mistakes that need Postern's own eyes: `helm test` shows them in a cluster, `postern check` before. */
export const CHECK_ONLY: readonly {
  readonly for: string;
  readonly config: object;
  readonly checkSays: RegExp;
}[] = [
  {
    for: 'an expression that does not compile',
    config: { authentication: { jwt: [{ issuer, claimMappings: { username: { expression: 'claims.' } } }] } },
    checkSays: /username\.expression/,
  },
  {
    for: 'an issuer twice',
    config: { authentication: { jwt: [...jwt, ...jwt] } },
    checkSays: /one entry per issuer and source header/,
  },
  {
    for: 'path prefixes one beneath the other',
    config: {
      ...people,
      clusters: [
        { ...cluster, match: { pathPrefix: '/a' } },
        { name: 'b', inCluster: true, match: { pathPrefix: '/a/b' } },
      ],
    },
    checkSays: /is beneath/,
  },
];
