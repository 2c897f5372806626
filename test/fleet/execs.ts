// Exec sessions through the balancer all the time: some that people end after a while, who then begin the next one, and some that go on until the
// gate ends them. Each says something again and again and hears it back; how each ended is kept.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** How a session ended: its caller was done, the gate shut down and said so, or neither. */
export type Outcome = 'finished' | 'drained' | 'broken' | 'refused';

export interface Ended {
  readonly number: number;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly openedAt: number;
  readonly endedAt: number;
}

export interface Execs {
  readonly ended: readonly Ended[];
  /** How many were opened. */
  readonly opened: () => number;
  /** Lets those that are open end, and waits for them. */
  finish(): Promise<void>;
}

export interface ExecOptions {
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
  /** Sessions at once that people end, and that nobody ends. */
  readonly short: number;
  readonly long: number;
  /** How long short ones go on, from a number from 0 up to 1. ms */
  readonly lifeMs: (random: number) => number;
  readonly random: () => number;
}

const TALK_MS = 250;
/** Without an echo for so long a session counts as broken. ms */
const ECHO_MS = 15_000;
const STDIN = 0;
const STDOUT = 1;
const ERROR = 3;
/** v5.channel.k8s.io: a channel is closed by 255 and its number. */
const CLOSE = 255;

/** Begins. */
export function keepExecs(options: ExecOptions): Execs {
  const ended: Ended[] = [];
  const over = new AbortController();
  let count = 0;
  const keep = async (isLong: boolean) => {
    while (!over.signal.aborted) {
      const number = ++count;
      const lifeMs = isLong ? Number.POSITIVE_INFINITY : options.lifeMs(options.random());
      const openedAt = Date.now();
      const result = await session(options, number, { lifeMs, over: over.signal });
      ended.push({ number, ...result, openedAt, endedAt: Date.now() });
      // Who was refused would otherwise try as fast as it goes.
      if (result.outcome !== 'finished') await delay(TALK_MS);
    }
  };
  const kept = [
    ...Array.from({ length: options.short }, () => keep(false)),
    ...Array.from({ length: options.long }, () => keep(true)),
  ];
  return {
    ended,
    opened: () => count,
    async finish() {
      over.abort();
      await Promise.all(kept);
    },
  };
}

type Result = Pick<Ended, 'outcome' | 'detail'>;

async function session(
  { port, caPem, token }: ExecOptions,
  number: number,
  { lifeMs, over }: { readonly lifeMs: number; readonly over: AbortSignal },
): Promise<Result> {
  const query = `command=cat&command=${number}&stdin=true&stdout=true&stderr=true`;
  const url = `wss://127.0.0.1:${port}/api/v1/namespaces/default/pods/one/exec?${query}`;
  const headers = { Authorization: `Bearer ${token}` };
  const websocket = new WebSocket(url, ['v5.channel.k8s.io'], { ca: caPem, headers });
  let heard = '';
  let status = '';
  websocket.on('message', (data: Buffer) => {
    if (data[0] === STDOUT) heard += data.subarray(1).toString();
    if (data[0] === ERROR) status += data.subarray(1).toString();
    websocket.emit('heard');
  });
  const closed = new Promise<number>((resolve) => websocket.once('close', resolve));
  try {
    await once(websocket, 'open');
  } catch (error) {
    return { outcome: 'refused', detail: String(error) };
  }
  websocket.on('error', () => {});
  const until = Date.now() + lifeMs;
  const isOver = () => Date.now() >= until || over.aborted;
  for (let turn = 1; websocket.readyState === WebSocket.OPEN && !isOver(); turn++) {
    websocket.send(Buffer.from(`\0${turn},`));
    const late = AbortSignal.timeout(ECHO_MS);
    while (!heard.endsWith(`${turn},`) && websocket.readyState === WebSocket.OPEN) {
      if (late.aborted) return { outcome: 'broken', detail: `no echo in ${ECHO_MS} ms` };
      await Promise.race([once(websocket, 'heard', { signal: late }).catch(() => {}), closed]);
    }
    await Promise.race([delay(TALK_MS), closed]);
  }
  if (websocket.readyState === WebSocket.OPEN) websocket.send(Buffer.from([CLOSE, STDIN]));
  const code = await closed;
  return judge(status, code);
}

function judge(text: string, code: number): Result {
  let status: { status?: string; details?: { causes?: { reason?: string }[] } } = {};
  try {
    status = JSON.parse(text);
  } catch {
    return { outcome: 'broken', detail: `close ${code} without a status` };
  }
  if (status.status === 'Success') return { outcome: 'finished', detail: '' };
  const reason = status.details?.causes?.[0]?.reason ?? text;
  return { outcome: reason === 'SESSION_DRAINED' ? 'drained' : 'broken', detail: reason };
}
