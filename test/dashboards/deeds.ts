// Everything that people and programs do at a gate, as a table. Answers of every kind are wanted, so none of them is an error here.

import { BEARER_SUBPROTOCOL_PREFIX } from '../../src/authn/credentials.ts';
import type { Caller } from '../fakes/caller.ts';
import { ask, askUpgrade, openSession, openWatch, read, upgradeHead } from '../fakes/sessions.ts';
import { ASSERTION, BROKEN_PATH, GOODBYE, type Site, type SiteGate, SLOW_PATH } from './site.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const SECRETS = '/api/v1/namespaces/default/secrets';

/** Who a request comes from. */
export interface Place {
  readonly site: Site;
  readonly gate: SiteGate;
  /** A number from 0 up to 1, the next of the draw. */
  readonly random: () => number;
  /** Resolves after a time within `[fromMs, toMs]`, or when the traffic ends. */
  readonly pause: (fromMs: number, toMs: number) => Promise<void>;
  readonly caller: (key: string, client?: 'good' | 'expired') => Caller;
}

export type Deed = (place: Place) => Promise<unknown>;

/** How often, of all, and what. */
export type Row = readonly [weight: number, deed: Deed];

const rest =
  (method: string, path: string, body?: (random: number) => object, claims: object = {}): Deed =>
  async ({ gate, site, caller: callerOf, random }) => {
    const token = await site.staff.sign({ email: 'alice@example.com', groups: ['engineers'], ...claims });
    const headers = ['Authorization', `Bearer ${token}`];
    if (body !== undefined)
      headers.push('Content-Type', method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    const path_ = path.replace('*', String(Math.floor(random() * 20)));
    const one = callerOf(gate.name);
    await one.call({
      method,
      path: path_,
      headers,
      ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body(random()))) }),
    });
  };

const configMap = (random: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `made-${Math.floor(random * 20)}` },
  data: { at: String(random) },
});

/** A credential in a request for the version. */
const login =
  (
    lines: (site: Site) => Promise<readonly string[]> | readonly string[],
    client?: 'good' | 'expired',
  ): Deed =>
  async ({ gate, site, caller: callerOf }) => {
    const one = callerOf(`${gate.name} ${client ?? ''}`, client);
    await one.call({ path: '/version', headers: [...(await lines(site))] });
  };

/** `kubectl --as`. */
const actAs =
  (username: string): Deed =>
  async ({ gate, caller: callerOf }) => {
    const headers = [...bearer(await gate.place.token()), 'Impersonate-User', username];
    await callerOf(gate.name).call({ path: `/clusters/echo${PODS}`, headers });
  };

const bearer = (token: string) => ['Authorization', `Bearer ${token}`];
const forged = (token: string) => `${token.slice(0, -8)}AAAAAAAA`;

/** A WebSocket with its token in the subprotocol, as a browser sends it. */
const subprotocol =
  (isGood: boolean): Deed =>
  async ({ gate, site }) => {
    const token = await site.staff.sign({ email: 'alice@example.com' });
    const sent = Buffer.from(isGood ? token : forged(token)).toString('base64url');
    const line = `Sec-WebSocket-Protocol: ${BEARER_SUBPROTOCOL_PREFIX}${sent}, v5.channel.k8s.io`;
    const socket = await gate.place.connect();
    const reader = read(socket);
    socket.write(upgradeHead('websocket', `/clusters/echo${PODS}/p/exec?command=sh`, [line]));
    await reader.until('\r\n\r\n');
    socket.destroy();
  };

type Protocol = 'spdy' | 'websocket';

/** A session with the echo: some bytes, some time, and its end by one of the two. */
const session =
  (subresource: string, protocol: Protocol, end: 'client' | 'upstream' = 'client'): Deed =>
  async ({ gate, random, pause }) => {
    const path = `/clusters/echo${PODS}/p/${subresource}`;
    const { socket, say, reader } = await openSession(gate.place, { protocol, path });
    const bytes = 'x'.repeat(1 + Math.floor(random() * 40_000));
    await say(bytes);
    await pause(200, 6_000);
    if (end === 'upstream') await say(GOODBYE);
    else socket.end();
    await Promise.race([reader.ended, pause(2_000, 2_000)]);
    socket.destroy();
  };

/** One whose identity ends while it is open. */
const expiring: Deed = async ({ gate, site, pause }) => {
  const token = await site.staff.sign({ email: 'alice@example.com' }, { expiresIn: 4 });
  const { reader, socket } = await openSession(gate.place, {
    path: `/clusters/echo${PODS}/p/exec?command=sh`,
    token,
  });
  await Promise.race([reader.ended, pause(8_000, 8_000)]);
  socket.destroy();
};

/** A command that the practice server runs to its end: it closes. */
const command =
  (words: string, claims: object = {}): Deed =>
  async ({ gate, site, pause }) => {
    const token = await site.staff.sign({ email: 'alice@example.com', groups: ['engineers'], ...claims });
    const socket = await gate.place.connect();
    const { ended } = read(socket);
    const lines = [`Authorization: Bearer ${token}`, 'Sec-WebSocket-Protocol: v5.channel.k8s.io'];
    socket.write(upgradeHead('websocket', `${PODS}/one/exec?container=main&stdout=true&${words}`, lines));
    await Promise.race([ended, pause(3_000, 3_000)]);
    socket.destroy();
  };

/** A shell of somebody who is to be locked out later. */
const shellOf =
  (email: string): Deed =>
  async ({ gate, site, pause }) => {
    const token = await site.staff.sign({ email, groups: ['engineers'] });
    const path = `/clusters/echo${PODS}/p/exec?command=sh`;
    const { reader, socket } = await openSession(gate.place, { path, token, protocol: 'spdy' });
    await Promise.race([reader.ended, pause(9_000, 9_000)]);
    socket.destroy();
  };

const watch =
  (path: string): Deed =>
  async ({ gate, pause }) => {
    const { close } = await openWatch(gate.place, path, await gate.place.token());
    await pause(1_000, 8_000);
    close();
  };

/** The caller goes before the answer has come. */
const leave: Deed = async ({ gate, caller: callerOf }) => {
  const headers = bearer(await gate.place.token());
  const opened = callerOf(gate.name).open({
    path: `/clusters/echo${SLOW_PATH}/40`,
    headers,
    end: true,
  });
  opened.request.on('error', () => {});
  opened.head.catch(() => {});
  setTimeout(() => opened.abort(), 5);
};

/** An exec that lost its Upgrade on the way. */
const stripped: Deed = async ({ gate }) =>
  ask(gate.place, `/clusters/echo${PODS}/p/exec?command=sh`, [
    `Authorization: Bearer ${await gate.place.token()}`,
  ]);

const unparsed: Deed = async ({ gate }) => askUpgrade(gate.place, 'GET no-path HTTP/9.9\r\n\r\n');

/** All of it. */
export const DEEDS: readonly Row[] = [
  [14, rest('GET', PODS)],
  [14, rest('GET', `${PODS}/one`)],
  [8, rest('GET', `${CONFIGMAPS}/made-*`)],
  [6, rest('GET', CONFIGMAPS)],
  [4, rest('POST', CONFIGMAPS, configMap)],
  [3, rest('PUT', `${CONFIGMAPS}/made-3`, () => configMap(0.151))],
  [3, rest('PATCH', `${CONFIGMAPS}/made-*`, (random) => ({ data: { at: String(random) } }))],
  [2, rest('DELETE', `${CONFIGMAPS}/made-*`)],
  [3, rest('GET', '/version')],
  [2, rest('GET', '/apis/example.com/v1/widgets')],
  [2, rest('GET', SECRETS)],
  [2, rest('GET', SECRETS, undefined, { groups: ['contractors'] })],
  [1, rest('GET', PODS, undefined, { groups: ['night-shift'] })],
  [6, rest('GET', `/clusters/echo${SLOW_PATH}/*`)],
  [0.5, rest('GET', `/clusters/echo${BROKEN_PATH}`)],
  [0.4, rest('GET', `/clusters/lost${PODS}`)],
  [0.6, leave],
  [1, login((site) => site.staff.sign({ aud: 'another' }).then(bearer))],
  [1, login(async (site) => bearer(forged(await site.staff.sign())))],
  [0.6, login(() => [])],
  [0.4, login(() => ['Authorization', 'Basic YWRtaW46YWRtaW4='])],
  [4, login(async (site) => [ASSERTION, await site.proxy.sign({ email: 'kim@example.com' })])],
  [0.6, login(async (site) => [ASSERTION, forged(await site.proxy.sign())])],
  [3, login(() => [], 'good')],
  [0.6, login(() => [], 'expired')],
  [2, login((site) => site.partner.sign().then(bearer))],
  [0.8, actAs('bob')],
  [0.3, actAs('root')],
  [1, subprotocol(true)],
  [0.3, subprotocol(false)],
  [1, session('exec?command=sh', 'websocket')],
  [0.6, session('exec?command=sh', 'spdy')],
  [0.6, session('attach?stdout=true', 'websocket', 'upstream')],
  [0.4, session('attach?stdout=true', 'spdy')],
  [0.8, session('portforward?ports=80', 'websocket')],
  [0.6, session('portforward?ports=80', 'spdy', 'upstream')],
  [0.4, session('proxy/ws', 'websocket')],
  [0.5, expiring],
  [0.5, shellOf('mallory@example.com')],
  [0.6, command('command=true')],
  [0.4, command('command=true', { groups: ['nobody'], email: 'visitor@example.com' })],
  [0.5, watch(`${PODS}?watch=true`)],
  [0.3, watch(`/clusters/echo${PODS}/p/log?follow=true&watch=`)],
  [0.2, stripped],
  [0.2, unparsed],
];
