// What holds for any lines with tokens in them: one token, in every place that holds one, or a refusal; never one of two, and no part of a token in
// what is logged or sent on.

import fc from 'fast-check';
import t from 'tap';
import { BEARER_SUBPROTOCOL_PREFIX, bearerOf, extractCredentials } from '../../../src/authn/credentials.ts';
import { holds } from '../../properties.ts';

/** As long as Authorization: names are told apart by their length first. */
const HEADER = 'x-access-jwts';
const SOURCES = ['authorization', HEADER];
/** Tokens that can be found again in any text. */
const TOKENS = ['canary-one-AAAA', 'canary-two.BBBB', 'canary~three/CC=='] as const;

/** One line of a request: where it holds which token. */
interface Placed {
  readonly place: 'authorization' | 'subprotocol' | 'header';
  readonly token: string;
  readonly line: readonly [name: string, value: string];
}

/** RFC 6750 §2.1, with `=` anywhere. */
const B64TOKEN = /^[\w\-.~+/=]+$/;

/** Which subprotocols of a list an API server could take for one with a token, in any case; what has the prefix further inside is none. */
function bearersOf(protocols: string): string[] {
  const trimmed = protocols.split(',').map((one) => one.replaceAll(/^[ \t]+|[ \t]+$/g, ''));
  return trimmed.filter((one) => one.toLowerCase().startsWith(BEARER_SUBPROTOCOL_PREFIX));
}

/** Whether a line names a subprotocol with a token. */
function holdsBearer([name, value]: readonly [string, string]): boolean {
  const bearers = name === 'Sec-WebSocket-Protocol' ? bearersOf(value) : [];
  return bearers.some((one) => one.length > BEARER_SUBPROTOCOL_PREFIX.length);
}

/** A subprotocol that has the prefix, but not at its start, beside the empty one and a token elsewhere: it goes on as it is. */
const PREFIX_INSIDE: [string, string][] = [
  [HEADER, 'Bearer '],
  ['Sec-WebSocket-Protocol', BEARER_SUBPROTOCOL_PREFIX],
  ['Sec-WebSocket-Protocol', `Bearer ${BEARER_SUBPROTOCOL_PREFIX}`],
];

const encode = (token: string) => Buffer.from(token).toString('base64url');
const cased = (name: string) =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) => [...name].map((one, i) => (upper[i] ? one.toUpperCase() : one)).join(''));
const token = fc.constantFrom(...TOKENS);
const spaces = fc.constantFrom('', ' ', '\t', '  ');
const placed: fc.Arbitrary<Placed> = fc.oneof(
  fc.tuple(token, cased('authorization'), cased('bearer'), spaces).map(([one, name, scheme, space]) => ({
    ...{ place: 'authorization' as const, token: one },
    line: [name, `${space}${scheme} ${one}${space}`] as const,
  })),
  fc.tuple(token, cased('sec-websocket-protocol'), spaces).map(([one, name, space]) => ({
    ...{ place: 'subprotocol' as const, token: one },
    line: [
      name,
      `v5.channel.k8s.io,${space}${BEARER_SUBPROTOCOL_PREFIX}${encode(one)}${space}, v4.channel.k8s.io`,
    ] as const,
  })),
  fc.tuple(token, cased(HEADER), spaces).map(([one, name, space]) => ({
    ...{ place: 'header' as const, token: one },
    line: [name, `${space}${one}`] as const,
  })),
);
const other = fc.constantFrom(
  ['Accept', TOKENS[0]],
  ['Authorisation', `Bearer ${TOKENS[1]}`],
  ['Proxy-Authorization', `Bearer ${TOKENS[1]}`],
  ['X-Forwarded-Access', TOKENS[2]],
) satisfies fc.Arbitrary<string[]>;

t.test(
  'the one token of a request is found in all its places; two tokens, or two lines of one, are refused',
  async (t) => {
    const seen = new Map<string, number>();
    holds(
      fc.property(
        fc.array(placed, { maxLength: 3 }),
        fc.array(other, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        (all, more, isWebSocket, peerTrusted) => {
          const rawHeaders = [...more, ...all.map(({ line }) => [...line]), ['Host', 'gate']].flat();
          const read = extractCredentials({ rawHeaders, isWebSocket, peerTrusted, sources: SOURCES });
          seen.set(read.kind, (seen.get(read.kind) ?? 0) + 1);
          const known = all.filter(
            ({ place }) => place === 'authorization' || (place === 'subprotocol' ? isWebSocket : peerTrusted),
          );
          const places = new Set(known.map(({ place }) => place));
          const isOne = new Set(known.map((one) => one.token)).size === 1 && places.size === known.length;
          if (known.length === 0) return read.kind === 'none';
          if (!isOne) return read.kind === 'rejected' && !TOKENS.some((one) => read.detail.includes(one));
          return (
            read.kind === 'token' &&
            read.token === known[0]?.token &&
            read.origins
              .map(({ source }) => source)
              .sort()
              .join() === [...places].sort().join() &&
            read.websocketProtocols ===
              (places.has('subprotocol') ? 'v5.channel.k8s.io, v4.channel.k8s.io' : undefined)
          );
        },
      ),
      { numRuns: 3000 },
    );
    for (const kind of ['none', 'token', 'rejected'])
      t.ok((seen.get(kind) ?? 0) > 100, `${kind}: ${seen.get(kind)}`);
  },
);

t.test(
  'whatever the lines hold: no credential, one that could stand in a request again, or a refusal without it',
  async () => {
    const unit = fc.constantFrom(
      ...[
        'Bearer ',
        'bearer',
        ' ',
        '\t',
        ',',
        TOKENS[0],
        encode(TOKENS[0]),
        'Basic eA==',
        '=',
        '\xa0',
        '\x80',
        '%',
        '"',
      ],
      ...[BEARER_SUBPROTOCOL_PREFIX, BEARER_SUBPROTOCOL_PREFIX.toUpperCase(), '_w', 'A', 'v5.channel.k8s.io'],
    );
    const value = fc.array(unit, { maxLength: 6 }).map((some) => some.join(''));
    const name = fc.constantFrom('Authorization', 'Sec-WebSocket-Protocol', HEADER);
    holds(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 3 }), fc.boolean(), (lines, peerTrusted) => {
        const request = { rawHeaders: lines.flat(), isWebSocket: true };
        const read = extractCredentials({ ...request, peerTrusted, sources: SOURCES });
        if (read.kind === 'none') return bearerOf(request) === undefined && !lines.some(holdsBearer);
        if (read.kind === 'rejected')
          return ![TOKENS[0], encode(TOKENS[0])].some((one) => read.detail.includes(one));
        const again = extractCredentials({
          ...request,
          rawHeaders: ['Authorization', `Bearer ${read.token}`],
          peerTrusted,
          sources: SOURCES,
        });
        const isGone = bearersOf(read.websocketProtocols ?? '').length === 0;
        return isGone && again.kind === 'token' && B64TOKEN.test(read.token) && again.token === read.token;
      }),
      { numRuns: 3000, examples: [[PREFIX_INSIDE, true]] },
    );
  },
);
