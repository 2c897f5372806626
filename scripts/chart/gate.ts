// Values of the chart that say what Postern is told: its configuration and files, its certificate, its account at the API server.

import {
  flag,
  group,
  kubeObject,
  strings,
  text,
  texts,
  type ValueNode,
  type Values,
  when,
  whole,
  word,
} from './node.ts';

const withValue = (key: string, value: string) => ({
  properties: { [key]: { const: value } },
  required: [key],
});
const needs = (key: string, then: object) => ({ properties: { [key]: then }, required: [key] });
const someName = { minLength: 1 };

/** All of it; `config` is what the configuration's own schema makes. */
export function gateValues(config: ValueNode): Values {
  return {
    config,
    files: strings(
      'Files beside the configuration, which names them without a folder: an AuthenticationConfiguration, an aws-auth map, certificate authorities. No keys: this is a ConfigMap.',
      {},
      { schema: { propertyNames: { pattern: '^[-._a-zA-Z0-9]+$', not: { const: 'postern.yaml' } } } },
    ),
    existingConfig: group(
      'A configuration that somebody else keeps, in place of `config` and `files`. The chart still sets the listeners and the certificate by `--set`.',
      {
        kind: word('What it lies in. Empty: `config` counts.', '', ['', 'Secret', 'ConfigMap']),
        name: text("Its name, in the release's namespace."),
        key: text(
          'The key that holds the configuration; the other keys are files beside it.',
          'postern.yaml',
          {
            schema: { minLength: 1 },
          },
        ),
        drainTimeout: text(
          'Its sessions.drainDelay and drainTimeout together, for terminationGracePeriodSeconds.',
          '5m',
          {
            schema: { minLength: 1, pattern: DURATION },
          },
        ),
      },
      [
        when(
          { properties: { kind: { enum: ['Secret', 'ConfigMap'] } }, required: ['kind'] },
          needs('name', someName),
        ),
      ],
    ),
    ports: group('Ports of the container.', {
      https: whole('The listener for callers.', 8443, { minimum: 1, maximum: 65535 }),
      ops: whole('Probes and metrics, plain HTTP. Never in the Service for callers.', 9090, {
        minimum: 1,
        maximum: 65535,
      }),
    }),
    tls,
    serviceAccount: group('The account that Postern is in its own cluster.', {
      create: flag('Make it.', true),
      name: text('Its name. Empty: that of the other objects, or `default` with create: false.'),
      annotations: strings('Annotations, for IRSA and the like.'),
    }),
    rbac,
  };
}

const DURATION = '^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$';
const GO_DURATION = '^([0-9]+(h|m|s))*$';

const tls = group(
  'The serving certificate: a Secret with tls.crt and tls.key, read again when it changes.',
  {
    mode: word(
      "SelfSigned: an authority of the chart's own, made at install and kept by upgrades. CertManager: a Certificate. ExistingSecret: yours.",
      'SelfSigned',
      ['SelfSigned', 'CertManager', 'ExistingSecret'],
    ),
    hosts: texts(
      "Names and addresses that callers use, beside the Service's own and those of gateway and ingress. Not for ExistingSecret.",
      { examples: ['[k8s.example.com]'] },
    ),
    existingSecret: text('With ExistingSecret: its name; type kubernetes.io/tls.'),
    selfSigned: group('With SelfSigned.', {
      validityDays: whole(
        'How long the certificate is valid. A `helm upgrade` after two thirds of it makes a new one, of the same authority.',
        3650,
        { minimum: 1, maximum: 7300 },
      ),
    }),
    certManager: group('With CertManager.', {
      issuerRef: group('Who issues it.', {
        name: text('Name of the issuer.'),
        kind: word('Its kind.', 'ClusterIssuer', ['Issuer', 'ClusterIssuer']),
        group: text('Its API group.', 'cert-manager.io'),
      }),
      duration: text("How long it is valid, as in 2160h. Empty: the issuer's default.", '', {
        schema: { pattern: GO_DURATION },
      }),
      renewBefore: text("How long before its end it is renewed. Empty: cert-manager's default.", '', {
        schema: { pattern: GO_DURATION },
      }),
    }),
  },
  [
    when(withValue('mode', 'ExistingSecret'), needs('existingSecret', someName)),
    when(withValue('mode', 'CertManager'), needs('certManager', needs('issuerRef', needs('name', someName)))),
  ],
);

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

const rbac = group(
  "What Postern's account may do, where a cluster of `config` has inCluster: true: impersonate, and ask who may. Nothing else.",
  {
    create: flag('Make the roles and bindings.', true),
    impersonation: word(
      'Constrained: the verbs of Kubernetes 1.36 (KEP-5284), with which nobody in system:masters, no node and no service account can be stood for. Classic: `impersonate`. Auto: Constrained from 1.36 on, unless authentication.awsIAM is used, whose extra keys it does not allow.',
      'Auto',
      ['Auto', 'Constrained', 'Classic'],
    ),
    users: texts('The only users that may be stood for. Empty: any.', { examples: ['[jane@example.com]'] }),
    groups: texts(
      'The only groups that may be stated. Empty: any. A person in another one is refused by the API server.',
      {
        examples: ['[developers, oncall]'],
      },
    ),
    extraKeys: texts(
      'Extra keys that may be stated, beside those that `config` maps. Needed for keys that a file of authentication.configFile maps.',
      { examples: ['[example.com/team]'] },
    ),
    actions: {
      description:
        'With Constrained: what people may do through the gate at all, whoever they are. Each item makes one rule; verbs are those of requests. Refused where the account has the classic verb, which it would not narrow.',
      default: [
        { apiGroups: ['*'], resources: ['*'], verbs: VERBS },
        { nonResourceURLs: ['*'], verbs: ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] },
      ],
      schema: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['verbs'],
          properties: {
            apiGroups: { type: 'array', items: { type: 'string' } },
            resources: { type: 'array', items: { type: 'string' } },
            resourceNames: { type: 'array', items: { type: 'string' } },
            nonResourceURLs: { type: 'array', items: { type: 'string' } },
            verbs: { type: 'array', minItems: 1, items: { type: 'string', pattern: '^[a-z]+$' } },
          },
        },
      },
    },
    serviceAccountNamespaces: texts(
      'With authentication.serviceAccounts: the namespaces whose service accounts come through the gate. `*` alone: all, which takes the verb `impersonate` on every group.',
      { examples: ['[ci]', '["*"]'] },
    ),
  },
);

/** What `config` begins with in values.yaml. */
export const CONFIG_DEFAULT = {
  clusters: [{ name: 'cluster', inCluster: true }],
  authentication: { jwt: [] },
  sessions: { drainTimeout: '5m' },
};

/** The node of `config`. */
export function configValue(schema: Readonly<Record<string, unknown>>): ValueNode {
  return {
    ...kubeObject(
      "The GateConfiguration, docs/reference/config.md; its keys are checked here as `postern check` would. The chart adds apiVersion, kind, the listeners' addresses (`ports`) and the certificate (`tls`).",
      CONFIG_DEFAULT,
    ),
    schema,
  };
}
