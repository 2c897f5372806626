// S15, S16, S17: no credential, half of one, two of them, and the bearer subprotocol of WebSocket. Exactly one counts; none is ever chosen, and nobody comes in
// as Postern's own account or as nobody.

import t, { type Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import {
  ALICE,
  BEARER_PROTOCOL,
  bearerProtocol,
  EXEC_PATH,
  identityIn,
  openWays,
  type Reply,
  requestWith,
  said,
} from './ways.ts';

const facts = recordFacts('attack-credentials');
const issuer = await startIssuer();
const down = await startIssuer();
down.setDown(true);
const ground = await startGround(t, {
  issuer,
  listen: { trustedProxies: ['127.0.0.1'] },
  config: {
    authentication: {
      jwt: [
        jwtEntry(issuer),
        jwtEntry(issuer, { source: { header: 'Cf-Access-Jwt-Assertion' } }),
        jwtEntry(down),
      ],
    },
  },
});
t.teardown(() => Promise.all([issuer.close(), down.close()]));
const good = ground.token;
const bob = await issuer.sign({ email: 'bob@example.com' });
const unknowable = await down.sign();
const bearer = (token: string) => `Authorization: Bearer ${token}`;
const assertion = (token: string) => `Cf-Access-Jwt-Assertion: ${token}`;
const allWays = openWays(t, ground);
const bare = allWays.filter(({ name }) => name !== 'WebSocket, token as subprotocol');

async function refused(t: Test, act: () => Promise<Reply>, statuses: readonly number[]): Promise<void> {
  const reply = await ground.reachesNobody(t, 'no-credential', act);
  t.ok(statuses.includes(reply.status), `${reply.status}`);
  t.match(said(reply), { kind: 'Status', code: reply.status, cause: /^(CREDENTIALS|TOKEN)_|^BAD_REQUEST$/ });
}

/** S16: [what, the lines]; all 401. */
const NOBODY: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ['nothing', []],
  ['an empty Authorization', ['Authorization: ']],
  ['a scheme alone', ['Authorization: Bearer']],
  ['a scheme and a blank', ['Authorization: Bearer ']],
  ['a scheme and blanks', ['Authorization: Bearer    ']],
  ['null', [bearer('null')]],
  ['undefined', [bearer('undefined')]],
  ['[object Object]', [bearer('[object Object]')]],
  ['an empty text', [bearer('""')]],
  ['a token in quotes', [bearer(`"${good}"`)]],
  ['a token in brackets', [bearer(`<${good}>`)]],
  ['a token alone', [`Authorization: ${good}`]],
  ['a tab for the blank', [`Authorization: Bearer\t${good}`]],
  ['two blanks', [`Authorization: Bearer  ${good}`]],
  ['an equals sign', [`Authorization: Bearer=${good}`]],
  ['a colon', [`Authorization: Bearer: ${good}`]],
  ['Basic', [`Authorization: Basic ${Buffer.from(`alice:${good}`).toString('base64')}`]],
  ['Basic with the token', [`Authorization: Basic ${good}`]],
  ['Digest', ['Authorization: Digest username="admin"']],
  ['Negotiate', ['Authorization: Negotiate YII=']],
  ['Token', [`Authorization: Token ${good}`]],
  ['JWT', [`Authorization: JWT ${good}`]],
  ['DPoP', [`Authorization: DPoP ${good}`]],
  ['AWS4', ['Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=0']],
  ['two tokens in one line', [bearer(`${good}, Bearer ${bob}`)]],
  ['a token twice in one line', [bearer(`${good},${good}`)]],
  ['a token and a parameter', [bearer(`${good}; charset=utf-8`)]],
  ['a token and a comment', [bearer(`${good} (alice)`)]],
  ['a token with a blank within', [bearer(`${good.slice(0, 20)} ${good.slice(20)}`)]],
  ['a token with %20 behind it', [bearer(`${good}%20`)]],
  ['a token in UTF-8', [bearer(`${good}\xc3\xa9`)]],
  ['a token that is cut', [bearer(good.slice(0, -1))]],
  ['a token in capitals', [bearer(good.toUpperCase())]],
  ['an empty assertion', ['Cf-Access-Jwt-Assertion: ']],
  ['an assertion with a scheme', [`Cf-Access-Jwt-Assertion: Bearer ${good}`]],
  ['an assertion that is null', ['Cf-Access-Jwt-Assertion: null']],
  ['a cookie', [`Cookie: CF_Authorization=${good}; token=${good}`]],
];
for (const way of bare)
  for (const [what, lines] of NOBODY)
    await facts.attack('S16', `${what} (${way.name})`, (t) =>
      refused(t, () => way.send([...lines, 'X-M: no-credential'], { token: '' }), [401]),
    );

for (const token of [good, unknowable])
  for (const name of ['access_token', 'token', 'bearer', 'id_token', 'authorization'])
    await facts.attack('S16', `a token as ?${name}=`, (t) => {
      const [rest] = bare;
      const path = `/api/v1/pods?m=no-credential&${name}=${token}`;
      return refused(
        t,
        () => rest?.send([], { token: '', path }) ?? Promise.reject(new Error('no way')),
        [401],
      );
    });

/** S15: [what, the lines]; 400 or 401, whichever comes first. */
const TWO: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ['a good and a bad line', [bearer(good), bearer('bad')]],
  ['a bad and a good line', [bearer('bad'), bearer(good)]],
  ['two good lines', [bearer(good), bearer(bob)]],
  ['the same line twice', [bearer(good), bearer(good)]],
  ['a good and an empty line', [bearer(good), 'Authorization: ']],
  ['an empty and a good line', ['authorization: ', bearer(good)]],
  ['a good and a Basic line', [bearer(good), 'AUTHORIZATION: Basic YTpi']],
  ['a bearer and another assertion', [bearer(good), assertion(bob)]],
  ['a bearer and a bad assertion', [bearer(good), assertion('bad')]],
  ['a bad bearer and an assertion', [bearer('bad'), assertion(bob)]],
  ['Basic and an assertion', ['Authorization: Basic YTpi', assertion(bob)]],
  ['two assertions', [assertion(good), assertion(bob)]],
  ['the same assertion twice', [assertion(good), assertion(good)]],
  ['two while the keys of one cannot be had', [bearer(unknowable), bearer(good)]],
  ['two that nobody can judge', [bearer(unknowable), bearer(unknowable)]],
  ['a good one beside one that nobody can judge', [bearer(good), assertion(unknowable)]],
];
for (const way of bare)
  for (const [what, lines] of TWO)
    await facts.attack('S15', `${what} (${way.name})`, (t) =>
      refused(t, () => way.send([...lines, 'X-M: no-credential'], { token: '' }), [400, 401]),
    );

await facts.attack(
  'S15',
  'the same token in two places is one credential, and is seen in neither upstream',
  async (t) => {
    const reply = await bare[0]?.send([assertion(good), 'X-M: copied.']);
    t.equal(reply?.status, 200);
    const request = requestWith(ground, 'copied.');
    t.same(identityIn(request), ALICE);
    t.notOk(request.rawLines.some((line) => line.includes(good)));
  },
);

/** S17: values of Sec-WebSocket-Protocol beside a token that does not count otherwise. [what, lines, status] */
const V5 = 'v5.channel.k8s.io';
const protocol = (...values: string[]) => values.map((value) => `Sec-WebSocket-Protocol: ${value}`);
const encoded = (bytes: string | Buffer) =>
  `${BEARER_PROTOCOL}${Buffer.from(bytes as string).toString('base64url')}`;
const SUBPROTOCOLS: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ['a bad token', protocol(`${V5}, ${bearerProtocol('bad')}`)],
  ['a bad signature', protocol(`${V5}, ${bearerProtocol(`${good.slice(0, -8)}AAAAAAAA`)}`)],
  ['a token that is not encoded', protocol(`${V5}, ${BEARER_PROTOCOL}${good}`)],
  ['padding', protocol(`${V5}, ${BEARER_PROTOCOL}YQ==`)],
  [
    'the other alphabet',
    protocol(`${V5}, ${BEARER_PROTOCOL}${Buffer.from(`${good}???>>>`).toString('base64')}`),
  ],
  ['a length that no bytes have', protocol(`${V5}, ${BEARER_PROTOCOL}AAAAA`)],
  ['the prefix alone', protocol(`${V5}, ${BEARER_PROTOCOL}`)],
  ['the prefix alone, and nothing else', protocol(BEARER_PROTOCOL)],
  ['the token alone', protocol(bearerProtocol(good))],
  ['capitals', protocol(`${V5}, ${bearerProtocol(good).replace('base64url', 'Base64URL')}`)],
  ['another encoding', protocol(`${V5}, ${bearerProtocol(good).replace('base64url', 'base64')}`)],
  ['two tokens', protocol(`${bearerProtocol(good)}, ${V5}, ${bearerProtocol(bob)}`)],
  ['the same token twice', protocol(`${bearerProtocol(good)}, ${bearerProtocol(good)}, ${V5}`)],
  ['two tokens in two lines', protocol(`${V5}, ${bearerProtocol(good)}`, bearerProtocol(bob))],
  ['a token and an empty one', protocol(`${V5}, ${bearerProtocol(good)}, ${BEARER_PROTOCOL}`)],
  ['"Bearer" within', protocol(`${V5}, ${encoded(`Bearer ${good}`)}`)],
  ['a line end within', protocol(`${V5}, ${encoded(`${good}\r\nImpersonate-User: x`)}`)],
  ['NUL within', protocol(`${V5}, ${encoded(`${good}\0`)}`)],
  ['bytes that are not UTF-8', protocol(`${V5}, ${encoded(Buffer.from([0xff, 0xfe]))}`)],
  ['two tokens within', protocol(`${V5}, ${encoded(`${good} ${bob}`)}`)],
  ['300,000 letters', protocol(`${V5}, ${BEARER_PROTOCOL}${'A'.repeat(400_000)}`)],
  ['beside another Authorization', [...protocol(`${V5}, ${bearerProtocol(good)}`), bearer(bob)]],
  ['beside a bad Authorization', [...protocol(`${V5}, ${bearerProtocol(good)}`), bearer('bad')]],
  ['beside Basic', [...protocol(`${V5}, ${bearerProtocol(good)}`), 'Authorization: Basic YTpi']],
  ['beside another assertion', [...protocol(`${V5}, ${bearerProtocol(good)}`), assertion(bob)]],
  ['a bad one beside a good Authorization', [...protocol(`${V5}, ${bearerProtocol('bad')}`), bearer(good)]],
];
/** A handshake without the way's own Sec-WebSocket-Protocol. */
const handshake = (lines: readonly string[], path: string) =>
  bare
    .find(({ name }) => name === 'HTTP/1.1')
    ?.send(
      [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ...lines,
      ],
      { token: '', path },
    ) ?? Promise.reject(new Error('no way'));
for (const [what, lines] of SUBPROTOCOLS)
  await facts.attack('S17', what, (t) =>
    refused(t, () => handshake([...lines, 'X-M: no-credential'], EXEC_PATH), [400, 401]),
  );

/** [what, lines, the protocols that go on] */
const TAKEN: readonly (readonly [what: string, lines: readonly string[], onward: readonly string[]])[] = [
  ['behind another', protocol(`${V5}, ${bearerProtocol(good)}`), [V5]],
  [
    'before others',
    protocol(`${bearerProtocol(good)}, ${V5}, v4.channel.k8s.io`),
    [`${V5}, v4.channel.k8s.io`],
  ],
  ['in a line of its own', protocol(bearerProtocol(good), V5), [V5]],
  [
    'without blanks',
    protocol(`${V5},${bearerProtocol(good)},v4.channel.k8s.io`),
    [`${V5}, v4.channel.k8s.io`],
  ],
  ['with the same Authorization', [...protocol(`${V5}, ${bearerProtocol(good)}`), bearer(good)], [V5]],
  ['empty, with an Authorization', [...protocol(`${V5}, ${BEARER_PROTOCOL}`), bearer(good)], [V5]],
];
for (const [index, [what, lines, onward]] of TAKEN.entries())
  await facts.attack('S17', `a good one ${what} ends here`, async (t) => {
    const reply = await handshake([...lines, `X-M: taken-${index}.`], EXEC_PATH);
    t.equal(reply.status, 101);
    t.notMatch(reply.lines.join('\n'), /bearer/i, 'the answer does not repeat it');
    const request = requestWith(ground, `taken-${index}.`);
    t.same(valuesIn(request.lines, 'sec-websocket-protocol'), onward);
    t.same(identityIn(request), ALICE);
    t.notMatch(request.rawLines.join('\n'), /bearer\.authorization/i);
    t.notOk(request.rawLines.some((line) => line.includes(encoded(good).slice(-40))));
  });

await facts.attack(
  'S17',
  'on a plain request, on SPDY and on HTTP/2 it is no credential, and does not go on',
  async (t) => {
    const element = `${V5}, ${bearerProtocol(good)}`;
    for (const way of bare.filter(({ name }) => name !== 'WebSocket')) {
      await refused(t, () => way.send([...protocol(element), 'X-M: no-credential'], { token: '' }), [401]);
      const marker = `beside-${way.name.replaceAll(/\W/g, '')}.`;
      t.equal((await way.send([...protocol(element), `X-M: ${marker}`])).status, way.isUpgrade ? 101 : 200);
      t.same(valuesIn(requestWith(ground, marker).lines, 'sec-websocket-protocol'), []);
    }
    const h1 = caller(ground.place, 'h1');
    const { status } = await h1.call({ path: '/version', headers: ['Sec-WebSocket-Protocol', element] });
    h1.close();
    t.equal(status, 401);
  },
);
