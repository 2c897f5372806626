// One gate with an entry for each place where a token may stand: the Authorization line, and the headers of three access proxies at their own addresses. What is
// sent to it goes plainly, as SPDY and as WebSocket.

import t from 'tap';
import type { ConnectOptions } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import type { Issuer } from '../fakes/issuer.ts';
import type { Facts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { startReviewing } from './reviews.ts';
import { askRaw, EXEC_PATH, SPDY_LINES, webSocketLines } from './ways.ts';

export const CF = 'Cf-Access-Jwt-Assertion';
export const IAP = 'X-Goog-IAP-JWT-Assertion';
export const PROXY = { localAddress: '127.0.0.2' };
export const OWN_PROXY = { localAddress: '127.0.0.3' };
export const STRANGER = { localAddress: '127.0.0.1' };
export const CLAIMS = { sub: 'alice-id', email: 'alice@example.com', groups: ['engineers'] };
export const bearer = (token: string) => `Authorization: Bearer ${token}`;

/** Lines of a request, and the address that they come from. */
export type Source = readonly [what: string, lines: readonly string[], from: ConnectOptions];

/** Starts it; it ends with the file's tests. */
export async function startSources() {
  const { idp, cloudflare, google, own } = await startIssuers(t, 'idp', 'cloudflare', 'google', 'own');
  const audience = (issuer: Issuer, aud: string) => ({
    issuer: { url: issuer.url, audiences: [aud], certificateAuthority: issuer.caPem },
  });
  const upstream = await startReviewing();
  /** The proxy is at 127.0.0.2; one entry has a proxy of its own, 127.0.0.3. The caller is at 127.0.0.1. */
  const ground = await startGround(t, {
    upstream,
    issuer: idp,
    upstreams: [
      { name: 'main', upstream },
      { name: 'other', upstream, match: { pathPrefix: '/other' } },
    ],
    listen: { trustedProxies: ['127.0.0.2/32'] },
    config: {
      authentication: {
        serviceAccounts: {},
        jwt: [
          jwtEntry(idp),
          jwtEntry(cloudflare, { ...audience(cloudflare, 'cf-app'), source: { header: CF } }),
          jwtEntry(google, { ...audience(google, 'iap-app'), source: { header: IAP } }),
          jwtEntry(idp, { ...audience(idp, 'proxied'), source: { header: CF } }),
          jwtEntry(own, {
            ...audience(own, 'own-app'),
            source: { header: 'X-Own-Assertion', trustedProxies: ['127.0.0.3'] },
          }),
        ],
      },
    },
  });
  const sends = sendsTo(ground.gate);
  const cf = await cloudflare.sign({ ...CLAIMS, aud: ['cf-app'] });
  const iap = await google.sign({ ...CLAIMS, aud: 'iap-app' });
  const ownToken = await own.sign({ ...CLAIMS, aud: 'own-app' });

  /** Each of them in each way is an attack: refused, and no API server has heard of it. */
  async function refuses(facts: Facts, kind: string, sources: readonly Source[]): Promise<void> {
    for (const [name, send] of sends)
      for (const [what, lines, from] of sources)
        await facts.attack(kind, `${what} (${name})`, async (t) => {
          const asked = upstream.reviews.length;
          const reply = await ground.reachesNobody(t, 'source-refused', () =>
            send([...lines, 'X-M: source-refused'], from),
          );
          t.ok([400, 401, 403].includes(reply.status), `${reply.status}`);
          t.equal(upstream.reviews.length, asked, 'the cluster was not asked either');
        });
  }

  return { ground, upstream, idp, google, cf, iap, ownToken, sends, refuses };
}

type Send = (lines: readonly string[], from: ConnectOptions) => ReturnType<typeof askRaw>;

/** Plain, SPDY and WebSocket requests with these lines from this address. */
function sendsTo(gate: Parameters<typeof askRaw>[0]): readonly (readonly [name: string, send: Send])[] {
  return [
    [
      'HTTP/1.1',
      (lines, from) => askRaw(gate, requestText('GET /api/v1/pods HTTP/1.1', ['Host: gate', ...lines]), from),
    ],
    [
      'SPDY',
      (lines, from) =>
        askRaw(
          gate,
          requestText(`POST ${EXEC_PATH} HTTP/1.1`, [
            'Host: gate',
            'Connection: Upgrade',
            ...SPDY_LINES,
            ...lines,
          ]),
          from,
        ),
    ],
    [
      'WebSocket',
      (lines, from) =>
        askRaw(
          gate,
          requestText(`GET ${EXEC_PATH} HTTP/1.1`, [
            'Host: gate',
            'Connection: Upgrade',
            ...webSocketLines('v5.channel.k8s.io'),
            ...lines,
          ]),
          from,
        ),
    ],
  ];
}
