// REST: gives an exchange that passed the gate to the API server's pool, as it is (the caller's raw path bytes, the raw header lines with repeats, the body as
// it streams in), and relays the answer to the raw response: headers before the first byte of the body, so that a watch or `logs -f` is
// seen to have begun at once. One object a request stands between the two: what http-proxy and a
// Readable a response cost here is written down in docs/adr/0008-rest-path.md.

import { closeIfStillSending } from '../answer.ts';
import {
  asStream,
  breakOff,
  type CallerRequest,
  type CallerResponse,
  endAnswer,
  framesOwnChunks,
  sendContinue,
  sendHead,
} from '../caller.ts';
import { atTime } from '../delay.ts';
import { gateError } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { isInteractive, isLongRunning, requestKind } from '../kube/longrunning.ts';
import { type IsRefused, questionOf, REFUSED } from '../onward/credential.ts';
import type { EndReason } from '../sessions.ts';
import type { Stays } from '../stays.ts';
import { CallerGone, requestBody } from './body.ts';
import { CHUNK_ROOM, frameChunk, LAST_CHUNK, NO_ROOM, type Room } from './chunks.ts';
import { upstreamFailure } from './failures.ts';
import { Gather, type Outlet } from './gather.ts';
import { announcesBody, downstreamResponseLines, headerValue } from './headers.ts';
import { HeldAnswer } from './held.ts';
import type { Slabs } from './slabs.ts';
import type { ResponseHandler, Sending } from './transfer.ts';

export interface ForwardDeps {
  /** Answers with a Status; used when the API server could not be reached or broke off before its headers. */
  readonly refuse: (response: CallerResponse, exchange: Exchange, error: unknown) => void;
  /** ms since the epoch. */
  readonly now: () => number;
  /** What ends each watch and followed log that is open now. */
  readonly streams: Set<() => void>;
  readonly stays: Stays;
  /** The memory that answers pass through. */
  readonly slabs: Slabs;
}

const NOTHING = Buffer.alloc(0);

/**
 * Sends the request and relays the answer, whatever it is; the response is this function's from here on.
 * @throws TypeError for an exchange that the gate has not completed: nothing was sent then.
 */
export function forward(
  exchange: Exchange,
  request: CallerRequest,
  response: CallerResponse,
  deps: ForwardDeps,
): void {
  const { upstream, target, upstreamHeaders } = exchange;
  if (upstream === undefined || target === undefined || upstreamHeaders === undefined)
    throw new TypeError('forwarded before the gate passed it');
  const relay = new Relay(exchange, response, deps);
  if (headerValue(exchange.rawHeaders, 'expect')?.toLowerCase() === '100-continue') sendContinue(response);
  endInTime(relay, exchange, response, deps);
  exchange.forwardedAt = deps.now();
  relay.sending = upstream.pool.send(
    {
      method: exchange.method,
      path: upstream.basePath + target.raw,
      lines: upstreamHeaders,
      body: announcesBody({ rawHeaders: exchange.rawHeaders, stream: asStream(request) })
        ? requestBody(request)
        : null,
      mayRepeat: mayRepeat(exchange),
    },
    relay,
  );
}

/** RFC 9110 §9.2.1: what only asks. Behind `proxy` is not the API server: a kubelet's GET can run a command. */
function mayRepeat({ method, info }: Exchange): boolean {
  return (method === 'GET' || method === 'HEAD') && info !== undefined && !isInteractive(info);
}

/** Between the pool and the caller's response, for one request. The pool calls `on…`, `abort` is ours. */
class Relay implements ResponseHandler, Outlet {
  /** Set as soon as the request was sent, before anything of its answer can come. */
  sending: Sending | undefined;
  room: Room = NO_ROOM;
  readonly #exchange: Exchange;
  readonly #response: CallerResponse;
  readonly #deps: ForwardDeps;
  readonly #gather: Gather;
  /** The answer is over, well or not. */
  #settled = false;
  /** A 401 of which it is not known yet whom it means; the caller logs in again after one. */
  #held: HeldAnswer | undefined;
  #isJudged = false;
  /** It is to be seen that it is not whole. */
  #isBroken = false;

  constructor(exchange: Exchange, response: CallerResponse, deps: ForwardDeps) {
    this.#exchange = exchange;
    this.#response = response;
    this.#deps = deps;
    this.#gather = new Gather(deps.slabs, this);
    response.on('close', () => {
      this.abort();
      this.#gather.dispose();
    });
  }

  /** Ends the upstream request now, whatever its phase; one that is over is left alone. */
  abort(): void {
    if (!this.#settled) this.sending?.abort(new CallerGone());
  }

  onHead(status: number, message: string, upstreamLines: string[]): void {
    const exchange = this.#exchange;
    const isRefused = questionOf(exchange.onward?.isRefused, { status, lines: upstreamLines });
    if (isRefused !== undefined && !this.#isJudged) {
      this.#hold(new HeldAnswer(status, message, upstreamLines), isRefused);
      return;
    }
    const response = this.#response;
    exchange.answeredAt = this.#deps.now();
    try {
      const lines = downstreamResponseLines(upstreamLines, exchange.id);
      closeIfStillSending(response);
      sendHead(response, status, message, lines);
      exchange.status = status;
      if (framesOwnChunks(response)) this.room = CHUNK_ROOM;
      // What came with the head goes out with it: both in one write, 5 µs less for a GET. A head alone goes at the end of this turn.
      if (asStream(response) === undefined) process.nextTick(flushHead, response);
    } catch (cause) {
      this.#settled = true;
      this.sending?.abort(new CallerGone());
      this.#deps.refuse(response, exchange, gateError('UPSTREAM_PROTOCOL', { cause }));
    }
  }

  #hold(held: HeldAnswer, isRefused: IsRefused): void {
    this.#held = held;
    this.sending?.pause();
    void isRefused().then((refused) => this.#release(refused));
  }

  #release(refused: boolean): void {
    const held = this.#held;
    // Broken off meanwhile, by one of the two.
    if (held === undefined || this.#response.destroyed) return;
    this.#held = undefined;
    this.#isJudged = true;
    this.sending?.resume();
    if (refused)
      this.#deps.refuse(
        this.#response,
        this.#exchange,
        gateError('UPSTREAM_CREDENTIALS', { detail: REFUSED }),
      );
    else held.tell(this);
  }

  onData(chunk: Buffer): void {
    if (this.#held !== undefined) this.#held.take(chunk);
    else if (this.isOpen() && !this.#gather.take(chunk.length, chunk)) this.sending?.pause();
  }

  onEnd(): void {
    this.#settled = true;
    if (this.#held !== undefined) this.#held.end();
    else this.end();
  }

  /** Ends the answer after what has come of it. */
  end(): void {
    this.#gather.flush();
    if (this.#isBroken) return;
    endAnswer(this.#response, this.room === CHUNK_ROOM ? LAST_CHUNK : undefined);
  }

  onError(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#held = undefined;
    if (!this.#response.headersSent)
      this.#deps.refuse(this.#response, this.#exchange, upstreamFailure(error));
    // An answer that the gate has ended itself, a watch at its identity's end for instance, stays whole.
    else if (!this.#response.writableEnded) {
      this.#gather.flush();
      this.#isBroken = true;
      breakOff(this.#response);
    }
  }

  isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  write(bytes: Buffer, end: number, done?: () => void): boolean {
    const piece = this.room === CHUNK_ROOM ? frameChunk(bytes, end) : bytes.subarray(0, end);
    return this.#response.write(piece, done);
  }

  drained(callback: () => void): void {
    this.#response.once('drain', callback);
  }

  lost(): void {}

  resume(): void {
    if (!this.#settled) this.sending?.resume();
  }
}

/** An empty Buffer takes the headers out, as bytes; HTTP/1.1's flushHeaders would write them as UTF-8 a second time. */
function flushHead(response: CallerResponse): void {
  // Node has no other word for "its head was not written yet"; a second empty write would do no harm.
  if (!response.writableEnded && response.writableLength === 0 && !response.destroyed)
    response.write(NOTHING);
}

/**
 * A watch or followed log lives no longer than the identity that opened it, and not beyond the drain: it ends then as the API server ends
 * one, without an error. Other long answers (what a pod serves behind `proxy`) are broken off, so that half of one is not taken for a whole.
 */
function endInTime(
  relay: Relay,
  exchange: Exchange,
  response: CallerResponse,
  { now, streams, stays }: ForwardDeps,
): void {
  const { info, generation, expiresAt } = exchange;
  if (info === undefined || !isLongRunning(info)) return;
  const endsCleanly = requestKind(info) !== 'short';
  const end = (why: EndReason, detail: string) => {
    exchange.ended ??= { end: why, detail };
    if (endsCleanly && response.headersSent) relay.end();
    relay.abort();
  };
  const drain = () => end('drained', 'the gate shuts down');
  if (endsCleanly) streams.add(drain);
  const leave = stays.add(exchange, (why) => end('killed', why));
  const expire = () => end('expired', 'the identity that opened it has ended');
  const cancel = generation.config.sessions.endOnExpiry ? atTime(expiresAt, now, expire) : () => {};
  response.on('close', () => {
    cancel();
    leave();
    streams.delete(drain);
  });
}
