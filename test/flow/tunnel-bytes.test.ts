// No byte of a session is lost, whoever ends it and however: what the gate received from one side it delivers to the other before it tears
// anything down. Raw peers at both ends count and compare. POSTERN_RUNS and POSTERN_MB make the long form of the same cases.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import type { Session } from '../../src/sessions.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import {
  check,
  newChecker,
  readSlowly,
  requestUpgrade,
  reset,
  send,
  startUpgrading,
  upgradeRequest,
} from '../fakes/peers.ts';

const issuer = await startIssuer();
t.teardown(() => issuer.close());

const RUNS = Number(process.env['POSTERN_RUNS'] ?? 2);
const SIZE = Number(process.env['POSTERN_MB'] ?? 12) * 1024 * 1024;

type Ending = 'fin' | 'close' | 'reset' | 'half-close';
interface Case {
  readonly sender: 'upstream' | 'client';
  readonly ending: Ending;
  readonly slow?: boolean;
  /** The receiver keeps writing small pieces (as kubectl's SPDY pings), which fail once the sender is gone. */
  readonly chatter?: boolean;
  readonly size?: number;
}

const endings: readonly Ending[] = ['fin', 'close', 'reset', 'half-close'];
const cases: readonly Case[] = endings.flatMap((ending) =>
  (['upstream', 'client'] as const).flatMap((sender) => [
    { sender, ending },
    { sender, ending, chatter: true },
    { sender, ending, slow: true, size: 4 * 1024 * 1024 },
    { sender, ending, slow: true, chatter: true, size: 4 * 1024 * 1024 },
  ]),
);

const name = ({ sender, ending, slow, chatter }: Case) =>
  `the ${sender} ends with ${ending}${slow ? ', to a slow reader' : ''}${chatter ? ' that keeps talking' : ''}`;

for (const one of cases) {
  t.test(name(one), async (t) => {
    let tunnel: (socket: TLSSocket) => void = () => {};
    const upstream = await startUpgrading((socket) => tunnel(socket));
    const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
    const token = await gate.token();
    const size = one.size ?? SIZE;
    for (let run = 0; run < RUNS; run++) {
      const opened = new Promise<TLSSocket>((resolve) => {
        tunnel = resolve;
      });
      const client = await gate.connect();
      const answer = await requestUpgrade(client, upgradeRequest(token));
      const server = await opened;
      const session = [...gate.gate.sessions.open.values()][0] as Session;
      const [sender, receiver] = one.sender === 'upstream' ? [server, client] : [client, server];
      const direction = one.sender === 'upstream' ? 'down' : 'up';
      const checker = newChecker();
      const ended = Promise.race([once(receiver, 'end'), once(receiver, 'close')]);
      check(receiver, checker);
      if (one.slow) readSlowly(receiver, 1);
      receiver.resume();
      if (one.chatter) talk(receiver);
      if (one.ending !== 'close') sender.resume();
      const sent = await send(sender, size);
      finish(sender, one.ending, session, direction, size);
      await ended;
      if (one.ending === 'half-close') {
        // The other direction still works: the receiver answers after the sender's FIN.
        const back = newChecker();
        check(sender, back);
        const done = once(sender, 'end');
        if (!one.chatter) {
          await send(receiver, 100_000);
          receiver.end();
          await done;
          t.equal(back.received, 100_000, 'half-closed: the answer arrived');
        } else receiver.end();
      }
      receiver.end();
      receiver.destroySoon();
      sender.destroySoon();
      await gate.logged((line) => line['msg'] === 'session ended' && line['auditID'] === session.id);
      t.equal(answer.status, 101);
      t.equal(checker.firstWrong, -1, 'every byte is the right one');
      t.equal(checker.received, session.received[direction], 'all that the gate received arrived');
      if (one.ending !== 'reset') t.equal(checker.received, sent, 'all that was sent arrived');
      t.equal(session.delivered[direction], session.received[direction], 'the session says the same');
    }
    await gate.stop();
    await upstream.close();
  });
}

/** Ends the sending side. A reset throws away what is still in the sender's own kernel, so it waits for the gate to have begun to fall behind. */
function finish(
  sender: TLSSocket,
  ending: Ending,
  session: Session,
  direction: 'up' | 'down',
  size: number,
): void {
  if (ending === 'fin' || ending === 'half-close') sender.end();
  else if (ending === 'close') sender.destroySoon();
  else {
    const when = () => {
      if (session.received[direction] > size / 2) reset(sender);
      else setImmediate(when);
    };
    when();
  }
}

/** Writes four bytes again and again until the socket is gone. */
function talk(socket: TLSSocket): void {
  const timer = setInterval(() => {
    if (socket.destroyed || socket.writableEnded) clearInterval(timer);
    else socket.write('ping');
  }, 1);
  socket.on('close', () => clearInterval(timer));
}
