// The keys of the doors beside authentication.jwt: client certificates, and the cluster's own service accounts.

import { Type } from 'typebox';
import { record, textOf } from './keywords.ts';

/** `authentication.clientCertificates`. */
export const clientCertificatesSchema = Type.Optional(
  record(
    {
      enabled: Type.Boolean({
        default: false,
        description:
          'true: a client certificate of an authority in `listen.clientCAFile` says who the caller is, as kube-apiserver reads it: CN the user, every O a group. false: certificates prove nothing here, whatever the listener asks for.',
      }),
      crlFile: textOf('file', {
        default: '',
        description:
          'Revocation lists of those authorities: PEM, one or more, or one in DER. Read again when it changes. A certificate whose issuer has no list in force is not let in.',
        examples: ['ca.crl'],
      }),
    },
    { description: 'Client certificates as users.' },
  ),
);

/** `authentication.serviceAccounts`. */
export const serviceAccountsSchema = Type.Optional(
  record(
    {
      audiences: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        uniqueItems: true,
        description: "The audiences that a token must be for, one of them. Empty: the API server's own.",
        examples: [['https://kubernetes.default.svc']],
      }),
    },
    {
      description:
        "The cluster's own service account tokens: a token of no issuer in `jwt` is shown to the cluster that the request is for (TokenReview). Write `serviceAccounts: {}` to have it; Postern's account needs the right to create tokenreviews.",
    },
  ),
);
