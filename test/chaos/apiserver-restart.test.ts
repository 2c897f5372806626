// The API server goes away under everything that is open and comes back on its port: sessions, watches and followed logs over every protocol. A crash
// resets connections, an orderly stop ends them after what was written. With stock kubectl and a real one: test/e2e/z-upstream-restart.test.ts.

import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { caller, refusalOf, SPEECHES } from '../fakes/caller.ts';
import { openSession, openWatch, openWatch2 } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { accept, answer, startFaultyServer } from './faultyserver.ts';
import { openExec, PROTOCOLS, startGround, upstreamErrors } from './ground.ts';

/** By when everything that was open has ended, and what is new is answered. ms */
const SOON_MS = 10_000;

const facts = recordFacts('chaos-apiserver-restart');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
const { gate } = ground;
const place = { ...gate, ca: gate.files.ca };
const callers = SPEECHES.map((speech) => caller(place, speech));
t.teardown(async () => {
  for (const one of callers) one.close();
  await ground.stop();
  await server.close();
});

const authorize = (token: string) => ['Authorization', `Bearer ${token}`];

/** Upgrades echo, watches and logs wait, the rest is answered. @returns what is open */
function serve(): TLSSocket[] {
  const open: TLSSocket[] = [];
  server.plan.serve = ({ head, socket }) => {
    if (/^upgrade:/im.test(head)) {
      open.push(socket);
      socket.write(accept(head));
      socket.on('data', (chunk: Buffer) => socket.write(chunk)).resume();
    } else if (/[?&](watch|follow)=/.test(head)) {
      open.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbegun\n\r\n');
    } else socket.write(answer('{"good":true}'));
  };
  return open;
}

/** The two ways in which it goes: killed, or by an end of each connection. */
const WAYS: readonly (readonly [how: string, leave: () => Promise<void>])[] = [
  ['crashes', () => server.crash()],
  ['stops', () => server.stop()],
];

for (const [how, leave] of WAYS)
  await facts.fault(`the API server ${how} and comes back`, async (t) => {
    const open = serve();
    const people = await Promise.all(Array.from({ length: 6 }, () => ground.someone()));
    const [one, two, three, four, five, six] = people as [P, P, P, P, P, P];
    const sessions = [
      await openSession(place, { token: one.token, protocol: 'websocket' }),
      await openSession(place, { token: two.token, protocol: 'spdy' }),
    ];
    for (const session of sessions) await session.say('hello');
    const streams = [
      await openWatch(place, '/api/v1/pods?watch=1', three.token),
      await openWatch2(place, '/api/v1/pods?watch=1', four.token),
      await openWatch(place, '/api/v1/namespaces/default/pods/p/log?follow=true', five.token),
      await openWatch2(place, '/api/v1/namespaces/default/pods/p/log?follow=true', six.token),
    ];
    for (const { reader } of streams) await reader.until('begun');
    t.equal(open.length, 6);

    const begun = performance.now();
    await leave();
    await Promise.all([...sessions, ...streams].map(({ reader }) => reader.ended));
    for (const { socket } of sessions) socket.end();
    for (const { user } of [one, two]) t.match(await ground.sessionOf(user), { end: 'upstream' });
    for (const { user } of [three, four, five, six]) t.match(await ground.requestOf(user), { status: 200 });
    for (const { reader } of streams) t.notMatch(reader.text(), /\r\n0\r\n/, 'no answer was made whole');
    for (const stream of streams) stream.close();
    const endedMs = performance.now() - begun;
    t.ok(endedMs < SOON_MS, `what was open has ended after ${endedMs.toFixed(0)} ms`);

    await refusedMeanwhile();
    const back = performance.now();
    await server.comeBack();
    for (const each of callers) {
      const { token } = await ground.someone();
      const reply = await each.call({ path: '/api/v1/pods', headers: authorize(token) });
      t.equal(reply.status, 200, `${each.speech} is answered at the first try`);
    }
    for (const protocol of PROTOCOLS) {
      const { token } = await ground.someone();
      const { socket, status } = await openExec(gate, token, protocol);
      t.equal(status, 101, `and so is ${protocol}`);
      socket.destroy();
    }
    const backMs = performance.now() - back;
    t.ok(backMs < SOON_MS, `what is new is answered after ${backMs.toFixed(0)} ms`);
    return endedMs + backMs;

    async function refusedMeanwhile(): Promise<void> {
      const before = await upstreamErrors(gate, 'unreachable');
      for (const each of callers) {
        const { user, token } = await ground.someone();
        const path = '/api/v1/namespaces/default/pods';
        const reply = await each.call({
          method: 'POST',
          path,
          headers: authorize(token),
          body: Buffer.from('{}'),
        });
        t.match(refusalOf(reply), { http: 502, kind: 'Status', cause: 'UPSTREAM_UNREACHABLE' }, each.speech);
        t.match(await ground.requestOf(user), { error: 'UPSTREAM_UNREACHABLE' });
      }
      for (const protocol of PROTOCOLS) {
        const { token } = await ground.someone();
        const { socket, status } = await openExec(gate, token, protocol);
        t.equal(status, 502, protocol);
        socket.destroy();
      }
      const more = callers.length + PROTOCOLS.length;
      t.equal(await upstreamErrors(gate, 'unreachable'), before + more, 'postern_upstream_errors_total');
    }
  });

type P = Awaited<ReturnType<typeof ground.someone>>;

t.test('the gate is as before', async (t) => {
  for (const one of callers) one.close();
  server.hangUp();
  await ground.settled(t, facts, 'restarts of the API server');
});
