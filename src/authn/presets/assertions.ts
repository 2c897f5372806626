// What the access proxies' own pages ask to be checked in their assertions, beside what is checked in every JWT.

import type { JwtConfig } from '../../config/config.ts';
import type { Refusal } from '../rules.ts';
import { describeValue, type ParsedToken, parseToken } from '../token.ts';
import { checkLoadBalancerHeader, parseLoadBalancerToken } from './loadbalancer.ts';

/** Google: at most ten minutes, and twice the 30 seconds that clocks may differ. s */
const MAX_IAP_LIFETIME_S = 10 * 60 + 2 * 30;

/** Parses a token as the proxy of the preset writes it; undefined when it is none. */
export function parseAssertion(preset: JwtConfig['preset'], raw: string): ParsedToken | undefined {
  return preset === 'aws-alb' ? parseLoadBalancerToken(raw) : parseToken(raw);
}

/** Checks what the preset asks for; to be called with what is verified, too. */
export function checkAssertion(
  config: Pick<JwtConfig, 'preset' | 'issuer'>,
  { header, claims }: Pick<ParsedToken, 'header' | 'claims'>,
): Refusal | undefined {
  switch (config.preset) {
    case undefined:
      return undefined;
    case 'cloudflare-access':
      // `org` is the session with the whole team, which opens no application.
      return claims['type'] === 'app'
        ? undefined
        : refuse(`type is ${describeValue(claims['type'])}, must be "app"`);
    case 'google-iap':
      return checkIap(claims);
    case 'aws-alb':
      return checkLoadBalancerHeader(header, config.issuer.audiences);
    case 'pomerium':
      return typeof claims['aud'] === 'string'
        ? undefined
        : refuse(`aud is ${describeValue(claims['aud'])}, must be a string`);
    default:
      config.preset satisfies never;
      throw new TypeError('unknown preset');
  }
}

function checkIap({ aud, iat, exp }: Readonly<Record<string, unknown>>): Refusal | undefined {
  if (typeof aud !== 'string') return refuse(`aud is ${describeValue(aud)}, must be a string`);
  if (typeof iat !== 'number') return refuse(`iat is ${describeValue(iat)}, must be a number`);
  return Number(exp) - iat <= MAX_IAP_LIFETIME_S
    ? undefined
    : refuse(`exp is more than ${MAX_IAP_LIFETIME_S} s after iat`);
}

function refuse(detail: string): Refusal {
  return { code: 'TOKEN_CLAIMS', detail };
}
