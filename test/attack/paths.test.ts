import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { readAnswers, refusalIn } from './answers.ts';
import { attempt, requestText } from './caller.ts';
import { forwarded, isClean, marker } from './cases.ts';
import { startGround } from './gate.ts';

// S11: a target that two programs could read differently is refused; any other is forwarded byte for byte, and the log line says of those very bytes
// what was decided on. Where it connects never changes. Over HTTP/1.1 as raw bytes, and over HTTP/2 as :path.

const facts = recordFacts('attack-paths');
const ground = await startGround(t);
const { gate, upstream, auth, token, place } = ground;

/** HIDDEN is a name that may be nowhere upstream. */
const refused: readonly string[] = [
  '//api/v1/HIDDEN',
  '/api//v1/HIDDEN',
  '/api/v1//HIDDEN',
  '///HIDDEN',
  '//evil.example/HIDDEN',
  '/api/v1/../v1/HIDDEN',
  '/api/v1/HIDDEN/..',
  '/../api/v1/HIDDEN',
  '/api/v1/./HIDDEN',
  '/./api/HIDDEN',
  '/api/v1/HIDDEN/.',
  '/api/v1/%2e%2e/v1/HIDDEN',
  '/api/v1/%2E%2E/v1/HIDDEN',
  '/api/v1/.%2e/v1/HIDDEN',
  '/api/v1/%2e./v1/HIDDEN',
  '/api/v1/%2e/HIDDEN',
  '/api/v1/namespaces/n%2fHIDDEN',
  '/api/v1/namespaces/n%2FHIDDEN',
  '/api%2fv1/HIDDEN',
  '%2fapi/v1/HIDDEN',
  '/%2fapi/v1/HIDDEN',
  '/api/v1/namespaces/n%5cHIDDEN',
  '/api/v1/namespaces/n\\HIDDEN',
  '\\api\\v1\\HIDDEN',
  '/\\evil.example/HIDDEN',
  '/api/v1/..\\HIDDEN',
  '/api/v1/pods;HIDDEN',
  '/api/v1/pods;a=b/HIDDEN',
  '/api;/v1/HIDDEN',
  '/api/v1/..;/HIDDEN',
  '/api/v1/pods%3bHIDDEN/;x',
  '/api/v1/HIDDEN%00',
  '/api/v1/%00HIDDEN',
  '/api/v1/HIDDEN%zz',
  '/api/v1/HIDDEN%',
  '/api/v1/HIDDEN%2',
  '/api/v1/%u002e/HIDDEN',
  '/api/v1/HIDDEN%ff',
  '/api/v1/HIDDEN%c0%af',
  '/api/v1/%c0%ae%c0%ae/HIDDEN',
  '/api/v1/HIDDEN%ed%a0%80',
  '/api/v1/%e0%80%af/HIDDEN',
  '/api/v1/HIDDEN%0d%0aX:y',
  '/api/v1/HIDDEN%0a',
  '/api/v1/HIDDEN%09',
  '/api/v1/HIDDEN%7f',
  '/api/v1/HIDDEN%1b[2J',
  '/api/v1/HIDDEN#fragment',
  '/api/v1/pods?x=HIDDEN#y',
  '/HIDDEN#',
  '#HIDDEN',
  'HIDDEN',
  'api/v1/HIDDEN',
  '?HIDDEN',
  '*HIDDEN',
  '.',
  './HIDDEN',
  '../HIDDEN',
  'http://evil.example/HIDDEN',
  'https://evil.example/api/v1/HIDDEN',
  'HTTP://x/HIDDEN',
  'https://127.0.0.1:6443/HIDDEN',
  'http:HIDDEN',
  'http:/HIDDEN',
  'http:///HIDDEN',
  'evil.example:443/HIDDEN',
  'user@evil.example/HIDDEN',
  'file:///HIDDEN',
  'javascript:HIDDEN',
  'unix:/run/HIDDEN',
  '/api/v1/namespaces/n/services/s/proxy/../../../HIDDEN',
  '/api/v1/namespaces/n/services/s/proxy/%2e%2e/HIDDEN',
  '/api/v1/namespaces/n/services/s/proxy/..%2fHIDDEN',
  '/api/v1/namespaces/n/services/s/proxy/..\\HIDDEN',
  '/api/v1/namespaces/n/services/s/proxy/a/..%5c..%5cHIDDEN',
  '/api/v1/nodes/n/proxy/./HIDDEN',
  '/api/v1/proxy/nodes/n/../HIDDEN',
];

const at = (target: string) => requestText(`GET ${target} HTTP/1.1`, ['Host: x', 'Connection: close', auth]);

for (const target of refused)
  await facts.attack('S11', `${target} is refused`, async (t) => {
    const hidden = marker();
    const raw = target.replaceAll('HIDDEN', hidden);
    const got = await ground.reachesNobody(t, hidden, () => attempt(gate, at(raw)));
    t.equal(got.answers.length, 1);
    t.match(got.answers.map(refusalIn), [
      { status: 400, kind: 'Status', code: 400, cause: /^(PATH_MALFORMED|BAD_REQUEST)$/ },
    ]);
  });

await facts.attack('S11', 'each of these is refused over HTTP/2, too', async (t) => {
  const hidden = marker();
  const session = caller(place, 'h2');
  await ground.reachesNobody(t, hidden, async () => {
    for (const target of refused) {
      const path = target.replaceAll('HIDDEN', hidden);
      const reply = await session
        .call({ path, headers: ['authorization', `Bearer ${token}`] })
        .catch(() => undefined);
      // The library or nghttp2 may refuse it before: a stream error, or no request at all.
      if (reply !== undefined) t.equal(reply.status, 400, target);
    }
  });
  session.close();
});

for (const [name, target] of [
  ['a space', '/api/v1/HIDDEN x'],
  ['a byte above ASCII', '/api/v1/HIDDEN\xe9'],
  ['UTF-8', '/api/v1/HIDDEN\xc3\xa9'],
  ['a byte above ASCII in the query', '/api/v1/pods?x=HIDDEN\xe9'],
  ['DEL', '/api/v1/HIDDEN\x7f'],
  ['an escape sequence', '/api/v1/HIDDEN\x1b[2J'],
  ['CSI', '/api/v1/HIDDEN\x9b2J'],
  ['a vertical tab', '/api/v1/HIDDEN\x0b'],
] as const)
  await facts.attack('S11', `a target with ${name} is refused`, async (t) => {
    const hidden = marker();
    const got = await ground.reachesNobody(t, hidden, () =>
      attempt(gate, at(target.replaceAll('HIDDEN', hidden))),
    );
    t.match(got.answers.map(refusalIn), [{ status: 400, kind: 'Status', code: 400 }]);
  });

/** What is forwarded as it is, and what the log has to say of it. */
const exact: readonly (readonly [target: string, logged: Readonly<Record<string, string>>])[] = [
  ['/api/v1/namespaces/n/pods/p%65xec', { resource: 'pods', name: 'pexec' }],
  ['/api/v1/namespaces/n/pods/p?a=b?c=d', { resource: 'pods', name: 'p' }],
  ['/api/v1/namespaces/n/pods?fieldSelector=metadata.name%3D..%2f..', { resource: 'pods', verb: 'list' }],
  ['/api/v1/namespaces/n/pods?', { resource: 'pods', verb: 'list' }],
  ['/api/v1/namespaces/n/pods??', { resource: 'pods', verb: 'list' }],
  ['/api/v1/namespaces/n/pods?/../../x', { resource: 'pods', verb: 'list' }],
  ['/api/v1/namespaces/n/pods?watch=tru%65', { verb: 'watch' }],
  ['/api/v1/namespaces/n/pods/p%252f..%252fx', { name: 'p%2f..%2fx' }],
  ['/api/v1/namespaces/n/pods/...', { name: '...' }],
  ['/api/v1/namespaces/n/pods/p/', { resource: 'pods', name: 'p' }],
  ['/api/v1/namespaces/%6e/%70ods', { resource: 'pods', namespace: 'n' }],
  ['/API/v1/pods', {}],
  ['/api/v1/namespaces/n/services/http:s:80/proxy//a//b', { subresource: 'proxy', name: 'http:s:80' }],
  ['/api/v1/namespaces/n/services/s/proxy/a%2fb;c=d\\e', { subresource: 'proxy', name: 's' }],
  ['/healthz/x?y=//..', {}],
  ['/', {}],
  ['/?x', {}],
];

for (const [target, wanted] of exact)
  await facts.attack('S11', `${target} goes on byte for byte, and is what the log says`, async (t) => {
    for (const speech of ['h1', 'h2'] as const) {
      const { result, requests } = await forwarded(ground, async () => {
        if (speech === 'h1') return (await attempt(gate, at(target))).answers[0]?.status;
        const session = caller(place, 'h2');
        const { status } = await session.call({
          path: target,
          headers: ['authorization', `Bearer ${token}`],
        });
        session.close();
        return status;
      });
      t.equal(result, 200, speech);
      t.same(
        requests.map(({ line }) => line),
        [`GET ${target} HTTP/1.1`],
      );
      const logged = await gate.logged((line) => line['target'] === target && line['msg'] === 'request');
      t.match(logged, wanted);
    }
    isClean(t, ground);
  });

await facts.attack('S11', 'CONNECT, OPTIONS * and a proxy’s request open no connection', async (t) => {
  const hidden = marker();
  await ground.reachesNobody(t, hidden, async () => {
    for (const line of [
      `CONNECT 127.0.0.1:${upstream.port} HTTP/1.1`,
      `CONNECT ${hidden}:443 HTTP/1.1`,
      'OPTIONS * HTTP/1.1',
      `GET http://${hidden}/ HTTP/1.1`,
    ]) {
      const got = await attempt(gate, requestText(line, ['Host: x', 'Connection: close', auth]));
      t.ok(
        got.bytes.length === 0 || readAnswers(got.bytes, true).answers.every(({ status }) => status >= 400),
        line,
      );
    }
  });
});
