// The token of an AWS Application Load Balancer (X-Amzn-Oidc-Data), read as the JWT that it nearly is. Its parts keep their padding, which the
// signature covers; issuer, end, client and signer stand in the header. There is no audience: the load balancer that signed is the audience.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html, "User claims encoding and signature verification"

import { type Refusal, timeOf } from '../rules.ts';
import { describeValue, type ParsedToken, parseClaims, parseObject } from '../token.ts';

/** base64url that may keep its padding. */
const PART = /^[A-Za-z0-9_-]+={0,2}$/;
/** Key ids are UUIDs; one is part of a URL. */
const KEY_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

type Members = Readonly<Record<string, unknown>>;

/**
 * Parses it; undefined when it is none. The claims are the payload's, with the header's word for `iss` and `exp`, the signer as `aud` and the
 * client as `azp`: both parts are signed. Where header and payload name an end, the earlier counts; where they name two issuers it is none.
 */
export function parseLoadBalancerToken(raw: string): ParsedToken | undefined {
  const parts = raw.split('.');
  const [first, second, third] = parts;
  if (parts.length !== 3 || first === undefined || second === undefined || third === undefined)
    return undefined;
  const [top, middle, end] = [decodePart(first), decodePart(second), decodePart(third)];
  const header = top && parseObject(top);
  const payload = middle && parseClaims(middle);
  if (header === undefined || payload === undefined || end === undefined) return undefined;
  const { iss = payload['iss'], exp, client, signer } = header;
  if (payload['iss'] !== undefined && payload['iss'] !== iss) return undefined;
  return {
    raw,
    header,
    claims: { ...payload, iss, exp: earlier(exp, payload['exp']), aud: signer, azp: client },
  };
}

/** What must hold of its header beside what holds for every JWT. */
export function checkLoadBalancerHeader(header: Members, arns: readonly string[]): Refusal | undefined {
  const { kid, signer } = header;
  if (typeof kid !== 'string' || !KEY_ID.test(kid))
    return { code: 'TOKEN_MALFORMED', detail: `kid is ${describeValue(kid)}, not a load balancer's key id` };
  if (typeof signer !== 'string' || !arns.includes(signer))
    return { code: 'TOKEN_AUDIENCE', detail: `signer is ${describeValue(signer)}` };
  return undefined;
}

/** What was signed, and the signature; undefined when it is no ES256 signature. */
export function signatureOf(
  raw: string,
): { readonly signed: Buffer; readonly signature: Buffer } | undefined {
  const dot = raw.lastIndexOf('.');
  const signature = decodePart(raw.slice(dot + 1));
  // RFC 7518 §3.4: R and S of 32 octets each.
  return signature?.length === 64
    ? { signed: Buffer.from(raw.slice(0, dot), 'latin1'), signature }
    : undefined;
}

function earlier(one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  const [time, otherTime] = [timeOf(one), timeOf(other)];
  return time !== undefined && otherTime !== undefined && otherTime < time ? other : one;
}

function decodePart(part: string): Buffer | undefined {
  const isPadded = part.endsWith('=');
  if (!PART.test(part) || (isPadded ? part.length % 4 !== 0 : part.length % 4 === 1)) return undefined;
  return Buffer.from(part, 'base64url');
}
