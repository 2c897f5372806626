// A gate between callers and two API servers, for tests of streaming: one that answers as the test at hand says, at `/`, and one that has its
// sockets only, at `/raw`. Bodies of any size that count what was taken of them.

import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type Caller, caller, type Speech } from '../fakes/caller.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { type FakeUpstream, type Handler, startRawUpstream, startUpstream } from '../fakes/upstream.ts';

export const MiB = 1024 * 1024;
/** What may be on its way while nobody reads: kernel buffers of two loopback connections, each up to tcp_rmem's and tcp_wmem's 6 and 4 MiB or, on newer kernels, 32. */
export const ON_THE_WAY = 80 * MiB;
export const SPEAKERS: readonly Speech[] = ['h1', 'h2'];

export interface Streaming {
  readonly gate: TestGate;
  readonly upstream: FakeUpstream;
  readonly auth: readonly string[];
  /** What the API server does with a request, but for `/ping`. */
  handle: Handler;
  /** What the raw one does with a connection. */
  onRaw: (socket: TLSSocket) => void;
  /** Makes a test for HTTP/1.1 and one for HTTP/2, each with a connection of its own. */
  bothWays(name: string, run: (t: Test, one: Caller) => Promise<void>): void;
  /** Waits until `count` stands still: unchanged over 30 other requests that the same gate answers meanwhile. */
  settled(count: () => number): Promise<number>;
}

/** Starts them; they end with the file's tests. */
export async function startStreaming(): Promise<Streaming> {
  const said: Pick<Streaming, 'handle' | 'onRaw'> = {
    handle: (_request, response) => void response.end(),
    onRaw: (socket) => socket.destroy(),
  };
  const upstream = await startUpstream({
    handler: (request, response) =>
      request.url === '/ping' ? void response.end('pong') : said.handle(request, response),
  });
  const raw = await startRawUpstream((socket) => said.onRaw(socket));
  const gate = await startTestGate({
    upstreams: [
      { name: 'main', upstream },
      { name: 'raw', upstream: raw, match: { pathPrefix: '/raw' } },
    ],
  });
  const auth = ['Authorization', `Bearer ${await gate.token()}`];
  const pinger = caller(gate, 'h1');
  t.teardown(async () => {
    pinger.close();
    await gate.stop();
    await upstream.close();
    await raw.close();
  });
  return Object.assign(said, {
    gate,
    upstream,
    auth,
    bothWays(name: string, run: (t: Test, one: Caller) => Promise<void>) {
      for (const speech of SPEAKERS) {
        t.test(`${name} (${speech})`, async (t) => {
          const one = caller(gate, speech);
          t.teardown(() => one.close());
          await run(t, one);
        });
      }
    },
    async settled(count: () => number) {
      for (let still = 0, last = -1; still < 30; ) {
        await pinger.call({ path: '/ping', headers: auth });
        still = count() === last ? still + 1 : 0;
        last = count();
      }
      return count();
    },
  });
}

/** A body of `size` bytes that counts what was taken from it. */
export function source(size: number): { stream: Readable; given: () => number } {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let given = 0;
  const stream = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      if (given >= size) return void this.push(null);
      given += chunk.length;
      this.push(chunk);
    },
  });
  return { stream, given: () => given };
}
