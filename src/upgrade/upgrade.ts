// Upgrades: the way of exec, attach, port-forward and proxied WebSockets. Node hands over the caller's socket; the same gate decides as for
// REST; the API server is asked on a connection of its own; and only a matching 101 joins the two sockets. Every other answer is relayed
// whole and both connections end, so that neither can carry anything that was not authorised (CVE-2018-1002105).

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { asGateError, type GateError, gateError } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { type IsRefused, questionOf, REFUSED } from '../onward/credential.ts';
import { CallerGone } from '../proxy/body.ts';
import { upstreamFailure } from '../proxy/failures.ts';
import { announcesBody, downstreamResponseLines, headerValue, messageHead } from '../proxy/headers.ts';
import type { Slabs } from '../proxy/slabs.ts';
import { TCP_KEEP_ALIVE_MS } from '../proxy/upstream.ts';
import type { SessionRegistry } from '../sessions.ts';
import type { Stays } from '../stays.ts';
import { type DialAnswer, dialUpgrade } from './dial.ts';
import { hasCome, relayResponse } from './relay.ts';
import { sameProtocol } from './requested.ts';
import { limitSession, newSession } from './session.ts';
import { openTunnel } from './tunnel.ts';
import { lastWordOf } from './words.ts';

export interface UpgradeDeps {
  /** The steps of the gate; may wait. */
  readonly runGate: (exchange: Exchange) => void | Promise<void>;
  /** Answers with a Status and ends the socket. */
  readonly refuse: (socket: Socket, exchange: Exchange, error: GateError) => void;
  /** Told once per upgrade: 101, the relayed status, or the refusal's. */
  readonly onAnswer: (exchange: Exchange, status: number) => void;
  readonly sessions: SessionRegistry;
  readonly stays: Stays;
  readonly slabs: Slabs;
  readonly now: () => number;
}

/** Takes one upgrade request from its head to its end. Never rejects. */
export async function serveUpgrade(
  exchange: Exchange,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  deps: UpgradeDeps,
): Promise<void> {
  // Before any await: an error without a listener would end the process.
  socket.on('error', () => {});
  const gone = new AbortController();
  const leave = () => gone.abort(new CallerGone());
  socket.once('close', leave);
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  try {
    if (!request.complete || announcesBody(exchange))
      throw gateError('UPGRADE_UNSUPPORTED', { detail: 'an upgrade request with a body' });
    await deps.runGate(exchange);
    exchange.forwardedAt = deps.now();
    const answer = await dial(exchange, gone.signal);
    exchange.answeredAt = deps.now();
    socket.off('close', leave);
    const isRefused = questionOf(exchange.onward?.isRefused, answer.head);
    if (isRefused !== undefined) await refuseOurs(isRefused, exchange, answer, socket);
    if (answer.head.status === 101) acceptUpgrade(exchange, answer, socket, head, deps);
    else relayRefusal(exchange, answer, socket, deps);
  } catch (error) {
    const failure = asGateError(error);
    exchange.failure = failure;
    deps.refuse(socket, exchange, failure);
  }
}

async function dial(exchange: Exchange, signal: AbortSignal): Promise<DialAnswer> {
  const { upstream, target, upstreamHeaders: lines, method } = exchange;
  if (upstream === undefined || target === undefined || lines === undefined)
    throw new TypeError('dialled before the gate passed it');
  try {
    return await dialUpgrade({ upstream, target, method, lines, signal });
  } catch (error) {
    throw upstreamFailure(error);
  }
}

/**
 * A 401 that means the gate, not the caller, is not passed on. Meanwhile the API server may have ended the connection, which is as it should be
 * when all has come. @throws GateError; the API server's connection is ended then
 */
async function refuseOurs(
  isRefused: IsRefused,
  { method }: Exchange,
  answer: DialAnswer,
  caller: Socket,
): Promise<void> {
  const { socket } = answer;
  const refused = await isRefused();
  if (!refused && !caller.destroyed && (!socket.destroyed || hasCome(answer, method === 'HEAD'))) return;
  socket.destroy();
  if (caller.destroyed) throw gateError('CLIENT_CLOSED');
  throw refused ? gateError('UPSTREAM_CREDENTIALS', { detail: REFUSED }) : gateError('UPSTREAM_RESET');
}

function acceptUpgrade(
  exchange: Exchange,
  answer: DialAnswer,
  socket: Socket,
  head: Buffer,
  deps: UpgradeDeps,
): void {
  const { lines } = answer.head;
  const { socket: upstream, rest: upstreamHead } = answer;
  if (!sameProtocol(exchange.upgrade, headerValue(lines, 'upgrade'))) {
    upstream.destroy();
    throw gateError('UPGRADE_INVALID_RESPONSE', { detail: 'a 101 for another protocol than was asked for' });
  }
  if (socket.destroyed) {
    upstream.destroy();
    throw gateError('CLIENT_CLOSED');
  }
  const session = newSession(exchange, deps.now());
  const disarm = limitSession(session, exchange, deps);
  deps.sessions.add(session);
  const leave = deps.stays.add(exchange, (why, status) => session.close('killed', why, status));
  // Written before the tunnel's first byte and in a piece of its own: kubectl's SPDY client drops what comes in one segment with it.
  socket.write(messageHead('HTTP/1.1 101 Switching Protocols', lines));
  openTunnel({
    client: socket,
    upstream,
    clientHead: head,
    upstreamHead,
    session,
    slabs: deps.slabs,
    lastWord: lastWordOf(session, lines),
    onEnd: (reason, detail) => {
      disarm();
      leave();
      exchange.place?.leave();
      deps.sessions.remove(session, reason, detail);
    },
  });
  deps.onAnswer(exchange, 101);
}

function relayRefusal(exchange: Exchange, answer: DialAnswer, socket: Socket, deps: UpgradeDeps): void {
  const { status, lines } = answer.head;
  if (status < 400) {
    // A success or redirect is no answer to an upgrade, and following a redirect would carry credentials away (CVE-2020-8559).
    answer.socket.destroy();
    throw gateError('UPGRADE_INVALID_RESPONSE', { detail: `the API server answered ${status}` });
  }
  relayResponse(socket, answer, downstreamResponseLines(lines, exchange.id), exchange.method === 'HEAD');
  deps.onAnswer(exchange, status);
}
