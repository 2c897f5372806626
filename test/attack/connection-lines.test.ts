// S4: hop-by-hop lists that name the lines which the gate adds (CVE-2021-31999, CVE-2022-23652, CVE-2026-33805 and their kin). Whatever the caller lists,
// the API server sees every line of ours, and no list.

import t, { type Test } from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import { ALICE, askRaw, identityIn, lastRequest, openWays, REST_PATH } from './ways.ts';

const facts = recordFacts('attack-connection-lines');
const ground = await startGround(t);
const ways = openWays(t, ground).filter(({ isRaw }) => isRaw);

/** All that the gate adds to a request. */
const OURS = [
  'Authorization',
  'Impersonate-User',
  'Impersonate-Group',
  'Impersonate-Uid',
  'Audit-ID',
  'X-Forwarded-For',
  'Host',
];

/** Values of Connection lines; UPGRADE stands where an upgrade has to name itself. */
const LISTS: readonly (readonly string[])[] = [
  ['UPGRADE, Impersonate-User'],
  ['UPGRADE,impersonate-user,impersonate-group,impersonate-uid,authorization'],
  ['IMPERSONATE-USER, UPGRADE'],
  [`UPGRADE, ${OURS.join(', ')}`],
  ['Impersonate-User', 'UPGRADE'],
  ['UPGRADE', 'Impersonate-User', 'Impersonate-Group', 'Authorization'],
  ['UPGRADE ,\tImpersonate-User\t,  Authorization '],
  [',,UPGRADE,,Impersonate-User,,'],
  ['"Impersonate-User", UPGRADE'],
  ['Impersonate-Extra-authentication.kubernetes.io%2fcredential-id, UPGRADE'],
  ['Impersonate_User, X_Remote_User, UPGRADE'],
  ['close, Impersonate-Group, Authorization, UPGRADE'],
  ['keep-alive, impersonate-extra-scopes, UPGRADE'],
  ['Connection, Impersonate-User, UPGRADE'],
  ['Content-Length, Transfer-Encoding, UPGRADE'],
  [`UPGRADE, ${'Impersonate-User, '.repeat(500)}Authorization`],
];

/** Other lines that some hop might take for such a list. */
const OTHERS: readonly (readonly string[])[] = [
  ['Proxy-Connection: Impersonate-User, Authorization'],
  ['Keep-Alive: Impersonate-User, timeout=5'],
  ['TE: trailers, Impersonate-User'],
  ['Trailer: Impersonate-User, Authorization'],
  ['Connection_: Impersonate-User'],
  ['X-Connection: Impersonate-User'],
  ['Proxy-Authenticate: Impersonate-User'],
  ['HTTP2-Settings: AAMAAABkAAQAAP__'],
  ['Vary: Authorization', 'Cache-Control: no-cache="Authorization"'],
];

/** The lines of alice, each of ours once, and one Connection line for an upgrade, none without. */
function sawAllOfOurs(t: Test, isUpgrade: boolean): void {
  const request = lastRequest(ground);
  t.same(identityIn(request), ALICE);
  for (const name of OURS.slice(4)) t.equal(valuesIn(request.lines, name).length, 1, name);
  t.same(valuesIn(request.lines, 'connection'), isUpgrade ? ['Upgrade'] : []);
  t.equal(valuesIn(request.lines, 'upgrade').length, isUpgrade ? 1 : 0);
  for (const name of ['keep-alive', 'proxy-connection', 'te', 'trailer', 'http2-settings'])
    t.same(valuesIn(request.lines, name), []);
}

for (const way of ways) {
  const own = way.isUpgrade ? 'Upgrade' : 'close';
  for (const list of LISTS) {
    const lines = list.map((value) => `Connection: ${value.replace('UPGRADE', own)}`);
    await facts.attack('S4', `${lines.join(' | ').slice(0, 80)} (${way.name})`, async (t) => {
      const before = ground.upstream.connections.length;
      const reply = await way.send(lines);
      t.equal(reply.status, way.isUpgrade ? 101 : 200);
      t.equal(ground.upstream.connections.length, before + 1);
      sawAllOfOurs(t, way.isUpgrade);
    });
  }
  for (const lines of OTHERS)
    await facts.attack('S4', `${lines.join(' | ')} (${way.name})`, async (t) => {
      t.equal((await way.send(lines)).status, way.isUpgrade ? 101 : 200);
      sawAllOfOurs(t, way.isUpgrade);
    });
}

// A list that does not let the upgrade stand is none: the request is one without Upgrade, and exec needs it.
for (const value of [
  'Impersonate-User',
  'close, Impersonate-User',
  'keep-alive',
  '"Upgrade"',
  'Up grade',
  'Upgrade; Impersonate-User',
])
  for (const way of ways.filter(({ isUpgrade }) => isUpgrade))
    await facts.attack('S4', `an upgrade whose Connection is ${value} (${way.name})`, async (t) => {
      const reply = await ground.reachesNobody(t, 'command=connection', () =>
        way.send([`Connection: ${value}`], {
          path: '/api/v1/namespaces/default/pods/p/exec?command=connection',
        }),
      );
      t.ok([400, 401].includes(reply.status), String(reply.status));
    });

// Trailers come behind the body, where the lines of the head have been judged already.
for (const trailer of [
  'Impersonate-User: system:admin',
  'Authorization: Bearer x',
  'Connection: Impersonate-User, trailing',
])
  await facts.attack('S4', `in a trailer: ${trailer}`, async (t) => {
    const head = ['Host: gate', 'Connection: close', ground.auth, 'Transfer-Encoding: chunked'];
    const body = `2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`;
    const reply = await askRaw(ground.gate, requestText(`POST ${REST_PATH} HTTP/1.1`, head, body));
    t.equal(reply.status, 200);
    const request = lastRequest(ground);
    t.same(identityIn(request), ALICE);
    t.equal(request.body.toString(), '{}');
    t.notOk(ground.upstream.reached(trailer), 'no trailer has gone on');
  });
