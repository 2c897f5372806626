// The schema of authentication.jwt[]: apiserver.config.k8s.io/v1 AuthenticationConfiguration's entries as they are, with Postern's
// extensions beside them (source, preset, jwksURL, signingAlgorithms, systemIdentities).

import { Type } from 'typebox';
import { SIGNING_ALGORITHMS } from './formats.ts';
import { later, oneOf, record, textOf } from './keywords.ts';

const EXPRESSION = 'A CEL expression, as in Kubernetes.';

const issuer = record(
  {
    url: textOf('issuerURL', {
      minLength: 1,
      description:
        "The issuer, exactly as the tokens' `iss` claim has it. https, without user, query or fragment; no two entries may have the same.",
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
    egressSelectorType: later(
      "kube-apiserver's egress selector.",
      'Postern connects to issuers directly: leave egressSelectorType out',
      [''],
    ),
  },
  { description: 'Who issues the tokens, and for whom.' },
);

const claimValidationRule = record(
  {
    claim: Type.Optional(
      Type.String({
        description: 'The claim that a token must have; required, each claim once.',
        examples: ['hd'],
      }),
    ),
    requiredValue: Type.Optional(
      Type.String({
        default: '',
        description: 'The value that it must have: a string claim, equal in every character.',
        examples: ['example.com'],
      }),
    ),
    expression: later(EXPRESSION, 'write claim and requiredValue instead', ['']),
    message: later('Goes with expression.', 'it belongs to expression: leave it out', ['']),
  },
  { description: 'A rule that every token of this issuer must meet.' },
);

const prefix = Type.Optional(
  Type.String({
    description: 'Put before the value. Required with `claim`; `""` for none.',
    'x-missing': 'it is required when claim is set: write prefix: "" for no prefix',
    examples: [''],
  }),
);

const claimMappings = record(
  {
    username: record(
      {
        claim: Type.String({
          minLength: 1,
          description:
            'The claim that becomes the user name. With `email`, a token whose `email_verified` claim is there and not true is refused, as in Kubernetes.',
          examples: ['email'],
        }),
        prefix,
        expression: later(EXPRESSION, 'write claim and prefix instead', ['']),
      },
      { description: 'The user name.', dependentRequired: { claim: ['prefix'] } },
    ),
    groups: Type.Optional(
      record(
        {
          claim: Type.Optional(
            Type.String({
              default: '',
              description: 'The claim that lists the groups: a string or an array of strings.',
              examples: ['groups'],
            }),
          ),
          prefix,
          expression: later(EXPRESSION, 'write claim and prefix instead', ['']),
        },
        { description: 'The groups. Absent: none are mapped.', dependentRequired: { claim: ['prefix'] } },
      ),
    ),
    uid: Type.Optional(
      record(
        {
          claim: Type.Optional(
            Type.String({
              default: '',
              description: 'The claim that becomes the user id.',
              examples: ['sub'],
            }),
          ),
          expression: later(EXPRESSION, 'write claim instead', ['']),
        },
        { description: 'The user id. Absent: none is sent.' },
      ),
    ),
    extra: later('Extra attributes of the user, by CEL expressions.', 'leave extra out, or write extra: []', [
      [],
    ]),
  },
  { description: 'Which claims become the Kubernetes user.' },
);

const source = record(
  {
    header: textOf('headerName', {
      default: 'Authorization',
      description:
        '`Authorization` (a bearer token; also the websocket bearer subprotocol) or the header in which a proxy brings its assertion: that one counts only from addresses in `listen.trustedProxies`.',
      examples: ['Authorization', 'Cf-Access-Jwt-Assertion'],
    }),
  },
  { default: {}, description: 'Where the token comes from.' },
);

/** One entry of authentication.jwt. */
export const jwtSchema = record(
  {
    issuer,
    claimValidationRules: Type.Array(claimValidationRule, {
      default: [],
      description: 'Claims that a token must have.',
    }),
    claimMappings,
    userValidationRules: later(
      'Rules for the resulting user, by CEL expressions.',
      'leave userValidationRules out, or write userValidationRules: []',
      [[]],
    ),
    source,
    preset: later(
      "A proxy's settings by its name: cloudflare-access, google-iap, aws-alb or pomerium.",
      'write source.header, signingAlgorithms and jwksURL as the proxy documents them',
    ),
    jwksURL: textOf('keysURL', {
      default: '',
      description:
        'Where the signing keys (JWKS) are, for issuers without discovery. https. Empty: as the discovery document says.',
      examples: ['https://team.cloudflareaccess.com/cdn-cgi/access/certs'],
    }),
    signingAlgorithms: Type.Array(
      textOf('signingAlgorithm', { 'x-missing': `one of ${SIGNING_ALGORITHMS.join(', ')}` }),
      {
        default: ['RS256', 'ES256'],
        minItems: 1,
        uniqueItems: true,
        description: `The signature algorithms that are accepted: ${SIGNING_ALGORITHMS.join(', ')}. Never \`none\`, never HMAC (\`HS…\`).`,
      },
    ),
    systemIdentities: Type.Optional(
      oneOf(['Refuse', 'Allow'], {
        description:
          'What becomes of users and groups that begin with `system:`. Refuse: the token is rejected. Absent: `authentication.systemIdentities`.',
      }),
    ),
  },
  { description: 'One issuer of JSON Web Tokens.' },
);
