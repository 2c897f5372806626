// What holds for any lines of a caller: whoever reads what goes to the API server, underscores taken for dashes and case ignored, finds the gate's
// identity and credential, each as often as the gate said it, and nothing of the caller's in their place.

import fc from 'fast-check';
import t from 'tap';
import {
  downstreamResponseLines,
  upgradeRequestLines,
  upstreamRequestLines,
} from '../../../src/proxy/headers.ts';
import { holds } from '../../properties.ts';
import { GATE, OURS } from './gatelines.ts';

type Line = readonly [name: string, value: string];

/** Names that are the gate's alone, by protocol.md §3.2 and field-lessons.md §3: as they begin, and whole. */
const OWN = /^(impersonate-|x-remote-|x-forwarded-|proxy-)/;
const NEVER: ReadonlySet<string> = new Set([
  ...['authorization', 'cookie', 'host', 'expect', 'audit-id', 'forwarded', 'via', 'x-real-ip'],
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
  ...['x-original-url', 'x-original-uri', 'x-rewrite-url'],
  'cf-access-jwt-assertion',
]);

/** As a server reads it that takes `_` for `-`. */
const canonical = (name: string) => name.toLowerCase().replaceAll('_', '-');
const isOwn = (name: string) => NEVER.has(canonical(name)) || OWN.test(canonical(name));

const suffix = fc.constantFrom(
  'User',
  'Group',
  'Uid',
  'Extra-scopes',
  'Extra-a%2fb',
  'For',
  'Proto',
  'Authorization',
  '',
);
const hostile = fc.oneof(
  fc.constantFrom(...NEVER),
  fc
    .tuple(fc.constantFrom('Impersonate-', 'X-Remote-', 'X-Forwarded-', 'Proxy-'), suffix)
    .map((two) => two.join('')),
);
const harmless = fc.oneof(
  fc.constantFrom(
    'Accept',
    'Content-Type',
    'User-Agent',
    'Kubectl-Session',
    'Impersonate',
    'X-Remote',
    'Hosts',
  ),
  fc.stringMatching(/^x[A-Za-z0-9_.!-]{0,12}$/).filter((name) => !isOwn(name)),
);
/** The same name to somebody: in any case, with underscores. */
const spelled = (name: fc.Arbitrary<string>) =>
  fc
    .tuple(name, fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }))
    .map(([text, how]) =>
      [...text]
        .map((one, i) =>
          how[i] === 0 ? one.toUpperCase() : how[i] === 1 ? one.toLowerCase() : one === '-' ? '_' : one,
        )
        .join(''),
    );
const value = fc.oneof(
  fc.constantFrom('eve', 'system:masters', 'Bearer stolen', 'close, Impersonate-User, Authorization', 'h2c'),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
);
const lines: fc.Arbitrary<Line[]> = fc.array(fc.tuple(fc.oneof(spelled(hostile), harmless), value), {
  maxLength: 24,
});

function pairs(flat: readonly string[]): Line[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}

const same = (one: readonly Line[], other: readonly Line[]) =>
  one.flat().join('\n') === other.flat().join('\n');

t.test('the gate says who it is, and of the caller only what is nobody else’s comes behind it', async () => {
  holds(
    fc.property(lines, (caller) => {
      const sent = upstreamRequestLines({ ...GATE, rawHeaders: caller.flat() });
      const kept = pairs(sent.slice(OURS.length));
      return (
        same(pairs(sent.slice(0, OURS.length)), pairs(OURS)) &&
        !kept.some(([name]) => isOwn(name)) &&
        same(
          kept,
          caller.filter(([name]) => !isOwn(name)),
        )
      );
    }),
    { numRuns: 2000 },
  );
});

t.test(
  'an upgrade has one Connection and one Upgrade line, ours, and one list of protocols without the token',
  async () => {
    const protocols = fc.constantFrom(undefined, '', 'v5.channel.k8s.io');
    const secret: Line = ['Sec-WebSocket-Protocol', 'base64url.bearer.authorization.k8s.io.c2VjcmV0'];
    holds(
      fc.property(lines, lines, protocols, fc.boolean(), (before, after, list, isWebSocket) => {
        const caller = [...before, ['Content-Length', '7'] as const, secret, ...after];
        const upgrade = isWebSocket ? 'websocket' : 'SPDY/3.1';
        const from = { ...GATE, isWebSocket, rawHeaders: caller.flat() };
        const sent = pairs(upgradeRequestLines(from, upgrade, list));
        const of = (name: string) => sent.filter(([one]) => canonical(one) === name).map(([, its]) => its);
        const isHidden = !isWebSocket || list !== undefined;
        return (
          of('connection').join() === 'Upgrade' &&
          of('upgrade').join() === upgrade &&
          of('content-length').join() === (isWebSocket ? '' : '0') &&
          of('impersonate-user').join() === 'alice' &&
          of('impersonate-group').join() === 'a,b' &&
          of('authorization').join() === 'Bearer own' &&
          of('host').join() === GATE.host &&
          (!isHidden || !sent.some(([, its]) => its === secret[1])) &&
          (list === undefined || of('sec-websocket-protocol').join('|') === list)
        );
      }),
      { numRuns: 2000 },
    );
  },
);

t.test('an answer keeps its lines but those that end at this hop, and has an Audit-ID', async () => {
  const ending =
    /^(connection|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade|http2-settings)$/;
  const named = fc.tuple(fc.oneof(spelled(hostile), harmless), value);
  holds(
    fc.property(fc.array(named, { maxLength: 12 }), (answer) => {
      const sent = pairs(downstreamResponseLines(answer.flat(), 'id-1'));
      const expected: Line[] = answer.filter(([name]) => !ending.test(name.toLowerCase()));
      if (!expected.some(([name]) => name.toLowerCase() === 'audit-id')) expected.push(['Audit-ID', 'id-1']);
      return same(sent, expected);
    }),
  );
});
