// The keys that say how identity goes on: the modes of a cluster, what becomes of `kubectl --as`, and the token webhook, by which the API
// server asks Postern about tokens that come to it directly.

import { Type } from 'typebox';
import { oneOf, record, textOf } from './keywords.ts';

/** `clusters[].identity`. */
export const identitySchema = oneOf(['Impersonate', 'Passthrough', 'RequestHeader'], {
  default: 'Impersonate',
  description:
    "How the cluster learns who the caller is. Impersonate: Postern's own credential and Impersonate-* headers. Passthrough: the caller's own bearer token, after it was verified here; the API server has to accept it too. RequestHeader: X-Remote-* headers and the front-proxy client certificate of the kubeconfig.",
});

/** `clusters[].impersonation`. */
export const impersonationSchema = oneOf(['Check', 'Refuse'], {
  default: 'Check',
  description:
    "What becomes of `kubectl --as`. Check: the cluster decides whether the caller may; with identity: Impersonate Postern asks it by SubjectAccessReview, for which its account needs rights (docs/how-to/impersonation.md). Refuse: no caller may, whatever the cluster's RBAC says.",
});

/** As whom the gate asks for itself where no other name is configured. */
export const DEFAULT_GATE_USER = 'system:postern';

/** `clusters[].gateUser`. */
export const gateUserSchema = textOf('gateUser', {
  default: DEFAULT_GATE_USER,
  description:
    "With identity: RequestHeader, the user as which Postern asks the cluster for itself, without groups; bind a role to it where Postern asks for more than /version, as authentication.serviceAccounts and sessions.registry do (docs/how-to/identity-modes.md). `system:postern`, or `system:postern:NAME` to tell gates apart in the audit log. The other modes have the kubeconfig's user.",
  examples: ['system:postern:prod'],
});

/** `tokenWebhook`. */
export const tokenWebhookSchema = Type.Optional(
  record(
    {
      address: textOf('hostPort', {
        description: 'Where the API server connects: a port of its own, `host:port`.',
        examples: ['0.0.0.0:8444', '10.0.0.7:8444'],
        'x-missing': 'write address: HOST:PORT',
      }),
      tls: record(
        {
          certFile: textOf('file', {
            minLength: 1,
            description: 'PEM: the serving certificate, then its intermediates.',
            examples: ['webhook.crt'],
          }),
          keyFile: textOf('file', {
            minLength: 1,
            description: 'PEM: its private key, without passphrase.',
            examples: ['webhook.key'],
          }),
        },
        { description: "The webhook listener's TLS. Both files are read again when they change." },
      ),
      clientCAFile: textOf('file', {
        minLength: 1,
        description:
          'PEM: the authorities whose client certificates may ask; a connection without one ends in the handshake. Use an authority of its own, or name the API server in `clientNames`.',
        examples: ['webhook-clients.crt'],
      }),
      clientNames: Type.Array(Type.String(), {
        default: [],
        description:
          'Common names of the client certificates that may ask. Empty: every certificate of `clientCAFile`.',
        examples: [['kube-apiserver-webhook-client']],
      }),
      audiences: Type.Array(Type.String(), {
        minItems: 1,
        description:
          "The API server's own audiences: its --api-audiences, or, without that flag, its --service-account-issuer. A token that Postern accepts counts for them, beside those that it names itself.",
        examples: [['https://kubernetes.default.svc']],
        'x-missing': 'write audiences: [AUDIENCE], as in --api-audiences or --service-account-issuer',
      }),
    },
    {
      description:
        "Postern as the API server's token webhook (--authentication-token-webhook-config-file): tokens that come to the API server directly are judged here, by the entries of `authentication`.",
    },
  ),
);
