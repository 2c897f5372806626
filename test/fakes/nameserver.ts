// A name server (RFC 1035, over UDP) that answers each name as the test says, or does not. A network namespace of the test's own has to have it on
// port 53 of 127.0.0.1, and a mount namespace a resolv.conf that names it: the system's own resolver asks it then.

import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

/** What is said of a name: its address, a refusal, nothing at all, or an address after a while. */
export type Told =
  | string
  | 'SERVFAIL'
  | 'NXDOMAIN'
  | 'silent'
  | { readonly address: string; readonly afterMs: number };

export interface NameServer {
  /** Says this of a name from now on; names that nothing was said of do not exist. */
  tell(name: string, told: Told): void;
  /** How often a name was asked for, in either family. */
  asked(name: string): number;
  /** Closes its port: the system says so to who asks. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

const TYPE_A = 1;
const CODES: Readonly<Record<string, number>> = { SERVFAIL: 2, NXDOMAIN: 3 };
const TTL_SECONDS = 1;

/** Starts one on 127.0.0.1:53. */
export async function startNameServer(): Promise<NameServer> {
  const names = new Map<string, Told>();
  const counts = new Map<string, number>();
  const begin = async () => {
    const socket = createSocket('udp4');
    socket.on('message', (query, from) => {
      const { name, type, end } = readQuestion(query);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const told = names.get(name) ?? 'NXDOMAIN';
      if (told === 'silent') return;
      const send = (bytes: Buffer, to: RemoteInfo) => socket.send(bytes, to.port, to.address, () => {});
      if (typeof told === 'string') send(answerTo(query.subarray(0, end), type, told), from);
      else
        setTimeout(
          () => send(answerTo(query.subarray(0, end), type, told.address), from),
          told.afterMs,
        ).unref();
    });
    socket.bind(53, '127.0.0.1');
    await once(socket, 'listening');
    return socket.unref();
  };
  let socket = await begin();
  return {
    tell: (name, told) => void names.set(name, told),
    asked: (name) => counts.get(name) ?? 0,
    leave: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
    comeBack: async () => {
      socket = await begin();
    },
  };
}

/** The one question of a query: its name in lower case, its type, and where it ends. */
function readQuestion(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The query's head and question, which become those of the answer, and an address where one of this type was asked for. */
function answerTo(question: Buffer, type: number, told: string): Buffer {
  const head = Buffer.from(question);
  const code = CODES[told] ?? 0;
  const hasAddress = code === 0 && type === TYPE_A;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  if (!hasAddress) return head;
  const record = Buffer.from([
    0xc0,
    12,
    0,
    TYPE_A,
    0,
    1,
    0,
    0,
    0,
    TTL_SECONDS,
    0,
    4,
    ...told.split('.').map(Number),
  ]);
  return Buffer.concat([head, record]);
}
