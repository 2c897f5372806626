// S7, S16, S25, S26: lines that are nearly an identity line or a credential. Behind a listener that trusts its peer's assertion header, what is spelled in
// another way is refused, or is read as nothing and does not go on (CVE-2025-64484).

import t from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { ALICE, askRaw, identityIn, openWays, REST_PATH, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-spellings');
const issuer = await startIssuer();
t.teardown(() => issuer.close());
const ground = await startGround(t, {
  issuer,
  listen: { trustedProxies: ['127.0.0.0/8'] },
  config: {
    authentication: {
      jwt: [jwtEntry(issuer), jwtEntry(issuer, { source: { header: 'Cf-Access-Jwt-Assertion' } })],
    },
  },
});
const ways = openWays(t, ground);
const mallory = await issuer.sign({ email: 'mallory@example.com' });

/** Heads that are no HTTP, or that two programs read differently: [what, the lines as bytes]. 400, and nothing goes on. */
const BROKEN: readonly (readonly [what: string, lines: string])[] = [
  ['a blank before the colon', `Impersonate-User : system:admin`],
  ['a tab before the colon', `Impersonate-User\t: system:admin`],
  ['a blank before the colon of an assertion', `Cf-Access-Jwt-Assertion : ${mallory}`],
  ['a blank before the colon of Authorization', `Authorization : Bearer ${mallory}`],
  ['a blank in the name', 'Impersonate User: system:admin'],
  ['a line that begins with a blank', ' Impersonate-User: system:admin'],
  ['a folded line', 'X-A: b\r\n Impersonate-User: system:admin'],
  ['a folded line with a tab', 'X-A: b\r\n\tImpersonate-User: system:admin'],
  ['a folded Authorization', `Authorization: Bearer\r\n ${mallory}`],
  ['a bare LF', 'X-A: b\nImpersonate-User: system:admin'],
  ['a bare CR', 'X-A: b\rImpersonate-User: system:admin'],
  ['CR CR LF', 'X-A: b\r\r\nImpersonate-User: system:admin'],
  ['a NUL in a value', 'X-A: b\0Impersonate-User: system:admin'],
  ['a NUL in a name', 'Impersonate-User\0: system:admin'],
  ['a vertical tab in a name', 'Impersonate-User\x0b: system:admin'],
  ['DEL in a value', 'X-A: \x7f'],
  ['an empty name', ': system:admin'],
  ['no colon', 'Impersonate-User'],
  ['a byte beyond ASCII in a name', 'Impersonate\xadUser: system:admin'],
  ['a UTF-8 hyphen in a name', 'Impersonate\xe2\x80\x90User: system:admin'],
  ['a name in UTF-8 that folds to ASCII', 'Impersonate-U\xc5\xbfer: system:admin'],
  ['a slash in a name', 'Impersonate-User/: system:admin'],
  ['brackets in a name', '(Impersonate-User): system:admin'],
  ['a comma in a name', 'X-A,Impersonate-User: system:admin'],
];

for (const [what, lines] of BROKEN)
  for (const startLine of [
    `GET ${REST_PATH}?m=broken-head HTTP/1.1`,
    'POST /api/v1/namespaces/d/pods/p/exec?command=broken-head HTTP/1.1',
  ]) {
    const method = startLine.split(' ', 1)[0];
    await facts.attack('S7', `${what} (${method})`, async (t) => {
      const own = method === 'POST' ? ['Connection: Upgrade', 'Upgrade: SPDY/3.1'] : [];
      const head = ['Host: gate', ground.auth, ...own, lines, 'X-After: 1'];
      const reply = await ground.reachesNobody(t, 'broken-head', () =>
        askRaw(ground.gate, requestText(startLine, head)),
      );
      t.match(said(reply), { status: 400, kind: 'Status', code: 400 });
    });
  }

/** Names that some server or language takes for an identity line, another method or path, or a credential. */
const NEARLY: readonly string[] = [
  ...['X-Remote-User', 'x-remote-group', 'X-REMOTE-UID', 'X-Remote-Extra-Scopes', 'X-Remote-Whatever'],
  ...['X_Remote_User', 'X-Remote_User', 'x_remote-group', 'X_REMOTE_EXTRA_SCOPES'],
  ...['Cf_Access_Jwt_Assertion', 'Cf-Access_Jwt-Assertion', 'CF_ACCESS_JWT_ASSERTION'],
  ...['Proxy-Authorization', 'Proxy_Authorization', 'proxy-authenticate', 'Cookie', 'cookie'],
  ...['X-HTTP-Method-Override', 'X_HTTP_Method_Override', 'X-HTTP-Method', 'X-Method-Override'],
  ...['X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X_Rewrite_URL', 'X-Forwarded-Uri'],
  ...['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Access-Token', 'X_Forwarded_User'],
  ...['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-Client-Cert'],
  ...['Forwarded', 'Via', 'X-Real-IP', 'X_Real_IP', 'Audit-ID', 'Audit_ID', 'audit_id'],
  ...['Sec_WebSocket_Protocol', 'Sec-WebSocket_Protocol', 'sec_websocket_extensions'],
];

for (const way of ways)
  for (const name of NEARLY)
    await facts.attack('S26', `${name} (${way.name})`, async (t) => {
      const marker = `nearly-${name}-${way.name.replaceAll(/\W/g, '')}.`;
      const reply = await way.send([`${name}: evil-value`, `X-M: ${marker}`]);
      t.equal(reply.status, way.isUpgrade ? 101 : 200);
      const request = requestWith(ground, marker);
      t.same(identityIn(request), ALICE);
      t.notOk(
        request.rawLines.some((line) => line.includes('evil-value')),
        'it has not gone on',
      );
    });

/** A credential in a place that is none: nobody is let in by it. [name, its value] */
const NO_CREDENTIALS: readonly (readonly [name: string, value: string])[] = [
  ['Authorization_', `Bearer ${mallory}`],
  ['Authorisation', `Bearer ${mallory}`],
  ['X-Authorization', `Bearer ${mallory}`],
  ['Proxy-Authorization', `Bearer ${mallory}`],
  ['Cookie', `token=${mallory}; Authorization=Bearer ${mallory}; CF_Authorization=${mallory}`],
  ['Cf_Access_Jwt_Assertion', mallory],
  ['Cf-Access_Jwt_Assertion', mallory],
  ['X-Cf-Access-Jwt-Assertion', mallory],
  ['X-Goog-IAP-JWT-Assertion', mallory],
  ['X-Forwarded-Access-Token', mallory],
  ['X-Forwarded-Authorization', `Bearer ${mallory}`],
  ['X-Remote-User', 'mallory@example.com'],
  ['X-Forwarded-User', 'mallory@example.com'],
  ['Impersonate-Token', mallory],
  [
    'Sec_WebSocket_Protocol',
    `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from(mallory).toString('base64url')}`,
  ],
];

for (const way of ways.filter(({ name }) => name !== 'WebSocket, token as subprotocol'))
  for (const [name, value] of NO_CREDENTIALS)
    await facts.attack('S16', `a token in ${name} (${way.name})`, async (t) => {
      const reply = await ground.reachesNobody(t, 'no-credential', () =>
        way.send([`${name}: ${value}`, 'X-M: no-credential'], { token: '' }),
      );
      const impersonates = name.startsWith('Impersonate');
      t.ok(reply.status === 401 || (impersonates && reply.status === 400), String(reply.status));
    });
