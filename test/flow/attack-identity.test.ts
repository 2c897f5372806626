import t from 'tap';
import { exchangeRaw, parseAnswers, refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTwoClusters } from './twoclusters.ts';

// Lines by which a caller might be somebody else, from field-lessons.md §4 (the S numbers), at the level of whole requests; most have their
// rows at the level of units too. A refusal must have reached nobody.

const { auth, everySpeech, gate, last, sawAlice, upstream } = await startTwoClusters();

// S4: CVE-2021-31999, CVE-2022-23652, CVE-2026-33805. HTTP/2 has no Connection line (RFC 9113 §8.2.2), so these are HTTP/1.1's.
t.test('S4: the caller cannot name our lines in Connection', async (t) => {
  for (const value of [
    'Impersonate-User',
    'keep-alive, Impersonate-User, Impersonate-Group, Impersonate-Uid',
    'keep-alive,impersonate-extra-scopes',
    'close, Impersonate-Group, Authorization',
    'Authorization, Host, Audit-ID, X-Forwarded-For',
    'upgrade, impersonate-user',
  ]) {
    const socket = await gate.connect();
    const head = `GET /api/v1/pods HTTP/1.1\r\nHost: a.example\r\nConnection: ${value}\r\nConnection: close\r\n${auth.join(': ')}\r\nKeep-Alive: x\r\nTE: trailers\r\n\r\n`;
    const [answer] = parseAnswers(await exchangeRaw(socket, head));
    t.equal(answer?.status, 200, value);
    sawAlice(t, value);
    t.same(valuesOf(last(), 'connection'), []);
    for (const name of ['keep-alive', 'te', 'upgrade', 'proxy-connection'])
      t.same(valuesOf(last(), name), []);
    t.equal(valuesOf(last(), 'audit-id').length, 1);
    t.equal(valuesOf(last(), 'x-forwarded-for').length, 1);
  }
});

// S6: client-go's own round tripper adds its lines only where there are none, so one that slips through would replace ours.
const impersonations: readonly (readonly string[])[] = [
  ['Impersonate-User', 'system:admin'],
  ['impersonate-user', 'system:admin'],
  ['IMPERSONATE-USER', 'alice@example.com'],
  ['Impersonate-User', ''],
  ['Impersonate-User', 'a', 'Impersonate-User', 'b'],
  ['Impersonate-Group', 'system:masters'],
  ['Impersonate-Uid', '1'],
  ['Impersonate-Extra-Foo', 'x'],
  ['Impersonate-Extra-%2f', 'x'],
  ['Impersonate-Whatever', 'x'],
  ['Impersonate_User', 'system:admin'],
];

// With `impersonation: Check` the same rows are in attack-modes.test.ts.
everySpeech('S6, S7: a request that impersonates by itself is refused', async (t, one) => {
  const before = upstream.received.length;
  for (const lines of impersonations) {
    const reply = await one.call({ path: '/api/v1/pods', headers: [...auth, ...lines] });
    t.match(
      refusalOf(reply),
      {
        http: 403,
        kind: 'Status',
        code: 403,
        reason: 'Forbidden',
        cause: 'IMPERSONATION_REFUSED',
        message: /--as/,
      },
      lines.join(': '),
    );
  }
  t.equal(upstream.received.length, before);
});

// S26, S7, S25: lines that some server behind might take for an identity, another method or another path, and credentials of others.
const overrides: readonly string[] = [
  'X-Remote-User',
  'X-Remote-Group',
  'X-Remote-Uid',
  'X-Remote-Extra-Scopes',
  'X_Remote_User',
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Forwarded-Uri',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X_Forwarded_For',
  'Forwarded',
  'X-Real-IP',
  'Via',
  'Proxy-Authorization',
  'Proxy-Whatever',
  'Cookie',
  'Audit-ID',
];

everySpeech('S26: lines that override identity, method or path end here', async (t, one) => {
  for (const name of overrides) {
    const reply = await one.call({ path: '/api/v1/pods', headers: [...auth, name, 'evil'] });
    t.equal(reply.status, 200, name);
    sawAlice(t, name);
    t.notOk(last().includes('evil'), `${name} did not arrive`);
  }
  t.equal(upstream.received.at(-1)?.method, 'GET');
});

everySpeech('the Audit-ID is ours at the API server and for the caller', async (t, one) => {
  const reply = await one.call({ path: '/x', headers: [...auth, 'Audit-ID', 'mine'] });
  const [id = ''] = valuesOf(reply.rawHeaders, 'audit-id');
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  t.same(valuesOf(last(), 'audit-id'), [id]);
});
