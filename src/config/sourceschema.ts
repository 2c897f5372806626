// The schema of where an entry's tokens come from: the header, the peers whose word counts, and the access proxies that have a preset.

import { Type } from 'typebox';
import { oneOf, record, textOf } from './keywords.ts';
import { PRESET_NAMES } from './presets.ts';

const source = record(
  {
    header: textOf('headerName', {
      default: 'Authorization',
      description:
        '`Authorization` (a bearer token; also the websocket bearer subprotocol) or the header in which a proxy brings its assertion: that one counts only from addresses in `trustedProxies`.',
      examples: ['Authorization', 'X-Identity-Assertion'],
    }),
    trustedProxies: Type.Optional(
      Type.Array(textOf('cidr', { description: 'An address range or address.' }), {
        minItems: 1,
        uniqueItems: true,
        'x-missing': 'leave it out to mean listen.trustedProxies',
        description:
          "Peers from which this entry's header counts, instead of `listen.trustedProxies`. From anybody else it is ignored. Not for `Authorization`.",
        examples: [['10.0.12.0/24']],
      }),
    ),
  },
  { default: {}, description: 'Where the token comes from.' },
);

/** The keys of one entry that say where its tokens come from. */
export const sourceKeys = {
  source,
  preset: Type.Optional(
    oneOf(PRESET_NAMES, {
      description:
        "An access proxy in front: fills `source.header`, `signingAlgorithms`, `jwksURL`, `claimMappings` and the issuer where they are the vendor's, and adds its checks. `issuer.audiences` is the AUD tag (cloudflare-access), the signed header JWT audience (google-iap), the load balancer's ARN (aws-alb) or the route's host (pomerium).",
      examples: ['cloudflare-access'],
    }),
  ),
  sessionLifetime: textOf('duration', {
    default: '0s',
    description:
      'How long an exec, a port-forward or a watch may go on that outlives its token, from its beginning. `0s`: not at all. For proxies that sign a new assertion with each request, good for minutes (google-iap, aws-alb, pomerium): a longer time gives up that a session ends with its identity, see docs/how-to/access-proxies.md.',
    examples: ['1h'],
  }),
};
