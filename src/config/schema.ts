// The configuration file's format, once: the types, the checks, the reference page and the JSON Schema for editors all come from here.
// A key that is not Optional and has a default is optional in the file and always there afterwards.

import { type Static, Type } from 'typebox';
import { anonymousSchema, MAX_JWT_ENTRIES } from './authenticationschema.ts';
import { authorizationSchema } from './authzschema.ts';
import { awsIAMSchema } from './aws/schema.ts';
import { clientCertificatesSchema, serviceAccountsSchema } from './doorschema.ts';
import { jwtSchema } from './jwtschema.ts';
import { later, oneOf, record, type SchemaNode, textOf } from './keywords.ts';
import { limitsSchema } from './limitsschema.ts';
import { gateUserSchema, identitySchema, impersonationSchema, tokenWebhookSchema } from './onwardschema.ts';
import { sessionsSchema } from './sessionschema.ts';

/** What every file begins with. */
export const API_VERSION = 'postern.dev/v1';
export const KIND = 'GateConfiguration';

const LEAVE_OUT = 'leave it out';

const listen = record(
  {
    address: textOf('hostPort', {
      default: '0.0.0.0:8443',
      description:
        'Where callers connect: `host:port`; `:8443` is every interface; port 0 lets the system choose.',
      examples: ['0.0.0.0:8443', '[::1]:8443'],
    }),
    tls: record(
      {
        certFile: textOf('file', {
          minLength: 1,
          description: 'PEM: the serving certificate, then its intermediates.',
          examples: ['tls.crt'],
        }),
        keyFile: textOf('file', {
          minLength: 1,
          description: 'PEM: its private key, without passphrase.',
          examples: ['tls.key'],
        }),
        minVersion: oneOf(['VersionTLS12', 'VersionTLS13'], {
          default: 'VersionTLS12',
          description: 'The lowest TLS version.',
        }),
        cipherSuites: Type.Array(textOf('cipherSuite', {}), {
          default: [],
          uniqueItems: true,
          description:
            "TLS 1.2 cipher suites by Kubernetes' names, best first; empty is a modern default that prefers AES-128. TLS 1.3's suites stay on unless some of them are listed.",
          examples: [['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256']],
        }),
      },
      { description: "The listener's TLS. Both files are read again when they change." },
    ),
    clientCAFile: textOf('file', {
      default: '',
      description:
        'PEM: the authorities whose client certificates are accepted in the handshake. Empty: none are asked for.',
      examples: ['ca.crt'],
    }),
    strictTransportSecurity: textOf('strictTransportSecurity', {
      default: 'max-age=31536000',
      description:
        'The Strict-Transport-Security header (RFC 6797) of answers that Postern makes itself: browsers come back by HTTPS only, to every port of this host name. Empty leaves it out, as kube-apiserver does unless told otherwise. Answers of API servers are passed on with their own.',
      examples: ['max-age=31536000; includeSubDomains'],
    }),
    trustedProxies: Type.Array(textOf('cidr', {}), {
      default: [],
      description:
        "Addresses and ranges of the proxies in front: their X-Forwarded-For and assertion headers count, nobody else's. `0.0.0.0/0` and `::/0` are refused.",
      examples: [['10.0.0.0/8']],
    }),
  },
  { description: 'The listener for callers.' },
);

const match = record(
  {
    pathPrefix: textOf('pathPrefix', {
      default: '',
      description:
        'The path that leads to this cluster and is taken off before the request goes on. No slash at its end, not a path of kube-apiserver itself, not beneath that of another cluster.',
      examples: ['/clusters/prod'],
    }),
    hosts: Type.Array(textOf('hostName', {}), {
      default: [],
      description:
        'Host names that lead to this cluster: lower case, without port. Each belongs to one cluster.',
      examples: [['prod.k8s.example.com']],
    }),
  },
  {
    default: {},
    description: 'Which requests are for this cluster. Absent or empty: all that no other cluster takes.',
  },
);

const cluster = record(
  {
    name: textOf('clusterName', {
      minLength: 1,
      description: 'A DNS label, unique; it labels metrics and logs.',
      examples: ['prod'],
    }),
    kubeconfig: textOf('file', {
      default: '',
      description:
        'The kubeconfig with which Postern connects. Which credential it has to hold depends on `identity`. Refused: insecure-skip-tls-verify, http://, proxy-url, exec, auth-provider.',
      examples: ['/etc/postern/prod.kubeconfig'],
    }),
    inCluster: Type.Boolean({
      default: false,
      description: "true: connect to the cluster that Postern's pod runs in, by its service account.",
    }),
    context: Type.String({
      default: '',
      description: "The kubeconfig's context. Empty: its current-context.",
    }),
    identity: identitySchema,
    impersonation: impersonationSchema,
    gateUser: gateUserSchema,
    match,
  },
  { description: 'One API server. Exactly one of `kubeconfig` and `inCluster: true`.' },
);

const authentication = record(
  {
    jwt: Type.Array(jwtSchema, {
      default: [],
      maxItems: MAX_JWT_ENTRIES,
      description:
        'Issuers of JSON Web Tokens; each entry exactly as in apiserver.config.k8s.io/v1 AuthenticationConfiguration, with extensions.',
    }),
    systemIdentities: oneOf(['Refuse', 'Allow'], {
      default: 'Refuse',
      description:
        'For entries that do not say, those of `configFile` included: what becomes of users and groups that begin with `system:`.',
    }),
    configFile: textOf('file', {
      default: '',
      description:
        "kube-apiserver's own file (its `--authentication-config`), as it is: apiserver.config.k8s.io/v1, v1beta1 or v1alpha1. Its entries come beside those of `jwt`; it is read again when it changes.",
      examples: ['/etc/kubernetes/authn.yaml'],
    }),
    anonymous: anonymousSchema(
      'Callers without a credential: refused, unless `enabled: true`; then on the paths of `conditions` alone, of which there must be one. What `anonymous` says in `configFile` does not count here.',
    ),
    awsIAM: awsIAMSchema,
    serviceAccounts: serviceAccountsSchema,
    clientCertificates: clientCertificatesSchema,
  },
  { default: {}, description: 'How callers prove who they are.' },
);

/** The whole file. */
export const configSchema = record(
  {
    apiVersion: oneOf([API_VERSION], {
      description: 'The version of this format.',
      'x-missing': `write apiVersion: ${API_VERSION}`,
    }),
    kind: oneOf([KIND], { description: 'What the file is.', 'x-missing': `write kind: ${KIND}` }),
    listen,
    ops: record(
      {
        address: textOf('hostPort', {
          default: '0.0.0.0:9090',
          description: 'Plain http: /livez, /readyz, /metrics.',
        }),
      },
      {
        default: {},
        description: 'The second listener, for probes and metrics. Keep it off the public network.',
      },
    ),
    clusters: Type.Array(cluster, {
      minItems: 1,
      description: 'The API servers behind the gate: at least one.',
    }),
    authentication,
    tokenWebhook: tokenWebhookSchema,
    authorization: authorizationSchema,
    audit: Type.Optional(
      record(
        {
          policyFile: later('An audit.k8s.io/v1 Policy.', LEAVE_OUT, ['']),
          backends: later('Where events go.', 'leave backends out, or write backends: []', [[]]),
        },
        { description: 'Audit events.' },
      ),
    ),
    sessions: sessionsSchema,
    limits: limitsSchema,
    log: record(
      {
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error'], {
          default: 'info',
          description:
            'The least important lines that are written. The environment variable POSTERN_LOG_LEVEL overrides it.',
        }),
      },
      { default: {}, description: 'The log.' },
    ),
  },
  { description: 'The configuration of a Postern gate.' },
);

/** The same schema as data, for those who walk through it. */
export const configNode: SchemaNode = configSchema as unknown as SchemaNode;

/** The file after its defaults were filled in. */
export type FileConfig = Static<typeof configSchema>;
