// The schema of apiserver.config.k8s.io AuthenticationConfiguration as kube-apiserver 1.36 reads it: the document of
// authentication.configFile, and the part of authentication.jwt[] that is Kubernetes' own. v1, v1beta1 and v1alpha1 have the same fields
// (k8s.io/apiserver pkg/apis/apiserver/{v1,v1beta1,v1alpha1}/types.go). What must hold between keys is in jwtrules.ts.

import { type Static, Type } from 'typebox';
import { oneOf, record, type SchemaNode, textOf } from './keywords.ts';
import { claimMappings, claimValidationRule, userValidationRule } from './mappingschema.ts';

/** The kind of the document, and the versions that are read. */
export const AUTHENTICATION_KIND = 'AuthenticationConfiguration';
export const AUTHENTICATION_VERSIONS = [
  'apiserver.config.k8s.io/v1',
  'apiserver.config.k8s.io/v1beta1',
  'apiserver.config.k8s.io/v1alpha1',
] as const;
/** Most entries of one list, as in Kubernetes. */
export const MAX_JWT_ENTRIES = 64;

const issuer = record(
  {
    url: textOf('issuerURL', {
      minLength: 1,
      description:
        "The issuer, exactly as the tokens' `iss` claim has it. https, without user, query or fragment; no two entries of one source may have the same.",
      examples: ['https://login.example.com'],
    }),
    discoveryURL: Type.Optional(
      textOf('issuerURL', {
        default: '',
        description:
          "Where the discovery document is, when not at `url` + `/.well-known/openid-configuration`: the document's whole URL. Must differ from `url`.",
        examples: ['https://idp.internal:8443/.well-known/openid-configuration'],
      }),
    ),
    certificateAuthority: Type.Optional(
      textOf('certificates', {
        default: '',
        description:
          "PEM certificates (the text, not a path) that verify the issuer's TLS certificate. Empty: the system's roots.",
      }),
    ),
    audiences: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      uniqueItems: true,
      description: "The audiences that are Postern's: a token's `aud` must name at least one.",
      examples: [['postern']],
      'x-missing': 'name at least one audience (the client id that the tokens are issued for)',
    }),
    audienceMatchPolicy: Type.Optional(
      oneOf(['', 'MatchAny'], {
        default: '',
        description: 'Must be MatchAny when there is more than one audience.',
      }),
    ),
    egressSelectorType: Type.Optional(
      Type.String({
        default: '',
        description:
          "kube-apiserver's egress selector. Refused unless empty: Postern has no egress selectors, and connects to issuers directly.",
      }),
    ),
  },
  { default: {}, description: 'Who issues the tokens, and for whom.' },
);

/** The keys of one entry that are Kubernetes' own. */
export const authenticatorKeys = {
  issuer,
  claimValidationRules: Type.Array(claimValidationRule, {
    default: [],
    description: 'Rules that every token of this issuer must meet.',
  }),
  claimMappings,
  userValidationRules: Type.Array(userValidationRule, {
    default: [],
    description: 'Rules that the mapped user must meet.',
  }),
};

/** Callers without a credential, as kube-apiserver's `anonymous`. */
export function anonymousSchema(description: string) {
  return Type.Optional(
    record(
      {
        enabled: Type.Boolean({
          default: false,
          description: 'Whether callers without a credential are let through as `system:anonymous`.',
        }),
        conditions: Type.Array(
          record(
            { path: Type.String({ description: 'The whole path of a request.', examples: ['/livez'] }) },
            { description: 'Where.' },
          ),
          { default: [], description: 'On which paths; only with `enabled: true`.' },
        ),
      },
      { description },
    ),
  );
}

const authenticator = record(authenticatorKeys, { description: 'One issuer of JSON Web Tokens.' });

const authenticationSchema = record(
  {
    apiVersion: oneOf(AUTHENTICATION_VERSIONS, {
      description: 'The version of the format.',
      'x-missing': `write apiVersion: ${AUTHENTICATION_VERSIONS[0]}`,
    }),
    kind: oneOf([AUTHENTICATION_KIND], {
      description: 'What the file is.',
      'x-missing': `write kind: ${AUTHENTICATION_KIND}`,
    }),
    jwt: Type.Array(authenticator, {
      default: [],
      maxItems: MAX_JWT_ENTRIES,
      description: 'Issuers of JSON Web Tokens.',
    }),
    anonymous: anonymousSchema("Callers without a credential at kube-apiserver's own door."),
  },
  { description: "kube-apiserver's file." },
);

/** The document's schema as data. */
export const authenticationNode: SchemaNode = authenticationSchema as unknown as SchemaNode;

/** The document after its defaults were filled in. */
export type AuthenticationFile = Static<typeof authenticationSchema>;

/** One entry of it; an entry of authentication.jwt is one too. */
export type FileAuthenticator = AuthenticationFile['jwt'][number];
