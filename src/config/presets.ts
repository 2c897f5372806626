// What access proxies put on each request to say who is calling, by the name that `preset` has for them. Every value is the vendor's own, from
// the pages named here; what depends on an installation (issuer, audience) is the entry's to give. presetfill.ts fills entries with it.

/** The proxies that have a preset. */
export const PRESET_NAMES = ['cloudflare-access', 'google-iap', 'aws-alb', 'pomerium'] as const;

/** The name of a preset. */
export type PresetName = (typeof PRESET_NAMES)[number];

/** A part that an installation has of its own: what it looks like, and how to say it. */
interface Part {
  readonly pattern: RegExp;
  /** Completes "it must be …" and "missing: write …". */
  readonly form: string;
}

/** The settings of one proxy. */
export interface Preset {
  /** The header that holds the assertion. */
  readonly header: string;
  /** Other headers that hold a credential of the caller's, or a name that nobody signed; lower case. */
  readonly companions: readonly string[];
  readonly algorithm: 'RS256' | 'ES256';
  /** The issuer where it is the same for everybody, else ''. */
  readonly issuer: string;
  readonly issuerPart: Part;
  readonly audiencePart: Part;
  /** Where the issuer's keys are; '' when they are found one by one. */
  readonly keysURL: (issuer: URL) => string;
  /** Whether the operator runs it, and may therefore say where its keys are and who signed its certificate. */
  readonly isOwn: boolean;
  /** Put where the entry has no such mapping. */
  readonly claimMappings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether a new assertion comes with each request and is good for minutes only: its end says nothing of the login's. */
  readonly isPerRequest: boolean;
}

/** AWS partitions whose load balancers authenticate people, and where each one's keys are. */
const ALB_ARN =
  /^arn:(aws|aws-us-gov|aws-cn):elasticloadbalancing:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:loadbalancer\/app\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16}$/;

const BY_EMAIL = { username: { claim: 'email', prefix: '' }, uid: { claim: 'sub' } };

/** All presets. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  // developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie: validating-json, application-token
  'cloudflare-access': {
    header: 'Cf-Access-Jwt-Assertion',
    companions: [
      'cf-access-authenticated-user-email',
      'cf-access-token',
      'cf-access-client-id',
      'cf-access-client-secret',
    ],
    algorithm: 'RS256',
    issuer: '',
    issuerPart: {
      pattern: /^https:\/\/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.cloudflareaccess\.com$/,
      form: 'the team domain, as in https://TEAM.cloudflareaccess.com',
    },
    audiencePart: {
      pattern: /^[0-9a-f]{64}$/,
      form: "the application's Application Audience (AUD) tag, 64 hexadecimal digits",
    },
    keysURL: (issuer) => `${issuer.origin}/cdn-cgi/access/certs`,
    isOwn: false,
    claimMappings: BY_EMAIL,
    isPerRequest: false,
  },
  // docs.cloud.google.com/iap/docs/signed-headers-howto
  'google-iap': {
    header: 'X-Goog-IAP-JWT-Assertion',
    companions: ['x-goog-authenticated-user-email', 'x-goog-authenticated-user-id'],
    algorithm: 'ES256',
    issuer: 'https://cloud.google.com/iap',
    issuerPart: { pattern: /^https:\/\/cloud\.google\.com\/iap$/, form: 'https://cloud.google.com/iap' },
    audiencePart: {
      pattern:
        /^\/projects\/\d+\/(?:(?:global|[a-z]+-[a-z]+\d+)\/backendServices\/\d+|apps\/[a-z0-9.:-]+|locations\/[a-z0-9-]+\/services\/[a-z0-9-]+)$/,
      form: 'the signed header JWT audience, as in /projects/NUMBER/global/backendServices/ID, /projects/NUMBER/REGION/backendServices/ID, /projects/NUMBER/apps/PROJECT or /projects/NUMBER/locations/REGION/services/NAME',
    },
    keysURL: () => 'https://www.gstatic.com/iap/verify/public_key-jwk',
    isOwn: false,
    claimMappings: BY_EMAIL,
    isPerRequest: true,
  },
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html, "User claims encoding and signature
  // verification". There is no `aud`: the load balancer that signed stands for it.
  'aws-alb': {
    header: 'X-Amzn-Oidc-Data',
    companions: ['x-amzn-oidc-accesstoken', 'x-amzn-oidc-identity'],
    algorithm: 'ES256',
    issuer: '',
    issuerPart: {
      pattern: /^https:\/\//,
      form: 'the issuer of the identity provider that the listener rule authenticates with',
    },
    audiencePart: {
      pattern: ALB_ARN,
      form: "the load balancer's ARN, as in arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID",
    },
    keysURL: () => '',
    isOwn: false,
    claimMappings: BY_EMAIL,
    isPerRequest: true,
  },
  // www.pomerium.com/docs/capabilities/getting-users-identity, /docs/reference/routes/jwt-issuer-format; pomerium/pomerium
  // authorize/evaluator/headers_evaluator_evaluation.go
  pomerium: {
    header: 'X-Pomerium-Jwt-Assertion',
    companions: [],
    algorithm: 'ES256',
    issuer: '',
    issuerPart: {
      pattern: /^https:\/\/[^/?#]+\/?$/,
      form: "the route's `from` URL, as in https://k8s.example.com",
    },
    audiencePart: { pattern: /^[a-z0-9.-]+$/, form: "the route's host, as in k8s.example.com" },
    keysURL: (issuer) => `${issuer.origin}/.well-known/pomerium/jwks.json`,
    isOwn: true,
    claimMappings: { ...BY_EMAIL, groups: { claim: 'groups', prefix: '' } },
    isPerRequest: true,
  },
};

/** Narrows a configured name. */
export function isPresetName(name: unknown): name is PresetName {
  return PRESET_NAMES.some((known) => known === name);
}

/**
 * Where AWS keeps the key `kid` of the load balancer `arn`, as PEM. The address is made of the configured ARN's own region and partition.
 * GovCloud's is in AWS's page; China's follows from its DNS suffix (docs.amazonaws.cn endpoints-arns). @throws TypeError for no such ARN
 */
export function loadBalancerKeyURL(arn: string, kid: string): string {
  const [, partition, region = ''] = ALB_ARN.exec(arn) ?? [];
  switch (partition) {
    case 'aws':
      return `https://public-keys.auth.elb.${region}.amazonaws.com/${kid}`;
    case 'aws-us-gov':
      return `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}/${kid}`;
    case 'aws-cn':
      return `https://public-keys.auth.elb.${region}.amazonaws.com.cn/${kid}`;
    default:
      throw new TypeError('not the ARN of an Application Load Balancer');
  }
}
